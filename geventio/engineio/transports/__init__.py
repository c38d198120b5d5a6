"""The transports: each moves Engine.IO packets and knows nothing of what they mean."""
