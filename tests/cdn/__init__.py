"""What CDNs are asked."""
