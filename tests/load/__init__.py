"""The deployed platform under load: a mix of buyers to saturation, a flash sale, and a soak.

`make load`, `make flashsale` and `make soak`. Each starts everything that `make up` serves, in a folder that vanishes
afterwards, asks it as many buyers would, and ends by counting what is in the tables and in the books.
"""
