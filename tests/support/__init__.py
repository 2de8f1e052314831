"""What several test modules use: files and mounts, published names, pages, passes, the loop."""
