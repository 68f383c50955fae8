"""The rollout: a pure machine that decides, and a runner that does."""
