"""The application: it knows nothing of ComfyUI; nodes, routes and the command line call its services."""
