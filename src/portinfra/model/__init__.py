"""The values that each step passes to the next. They are frozen and comparable, and know no cloud."""
