"""What is known of the model files: from the file, from the site, from the user."""
