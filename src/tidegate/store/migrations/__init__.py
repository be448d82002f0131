"""Alembic's scripts. They only add: there is no way back but a backup."""
