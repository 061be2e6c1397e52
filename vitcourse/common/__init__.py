"""What several rooms need and no room owns: errors for the user, whole files, places. The standard library only."""
