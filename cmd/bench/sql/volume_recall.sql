SELECT inventory.get_lot('$number', '$lot_number')
