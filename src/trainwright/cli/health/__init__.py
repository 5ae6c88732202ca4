"""What `trainwright doctor` looks at: one module for each part of what a training stands on."""
