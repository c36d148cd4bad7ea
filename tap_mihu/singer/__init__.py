"""Singer and the SDK: state, messages and the stream's life."""
