APPS = ["django_cleanup.apps.CleanupConfig"]
