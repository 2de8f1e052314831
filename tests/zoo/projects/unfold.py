FIRST_APPS = ["unfold"]
