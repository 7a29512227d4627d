# changed by hand
