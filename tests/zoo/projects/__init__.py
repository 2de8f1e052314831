"""The projects of the residents. Each may have APPS, MIDDLEWARE, SETTINGS, PAGE and `urls`."""
