"""The values that the steps hand to one another: frozen, comparable, ignorant of any cloud."""
