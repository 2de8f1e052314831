"""The tests of others that fail with this package's storage, each with the reason."""

EXPECTED: dict[str, dict[str, str]] = {
    "django": {
        "file_storage.tests.FileSystemStorageTests.test_deconstruction": (
            "it asks for the path of Django's class; migrations have to name this package's"
        ),
    },
}
