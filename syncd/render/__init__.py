"""What people and programs read: plans, reports and problems as strings; nothing is printed here."""
