"""What is known of the things this service leans on: probes, and the health judged from them."""
