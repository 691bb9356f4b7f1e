"""Activities, slots and the volunteers who fill them."""
