"""An app that all residents share: pictures, a page of them, and a form that takes one."""
