"""Word lists for the names in the seed."""

from __future__ import annotations


def _listed(text: str) -> tuple[str, ...]:
    """The entries of a comma-separated text."""
    return tuple(entry.strip() for entry in text.split(","))


FIRST_NAMES = _listed(
    """Ada, Alan, Amara, Anders, Anita, Anton, Beatriz, Ben, Bianca, Bruno, Camille, Carlos, Chen, Clara,
    Dana, Daniel, Diego, Edith, Elena, Emil, Esra, Fatima, Felix, Fiona, Gabriel, Grace, Hana, Hugo,
    Imani, Ines, Ivan, Jada, James, Jonas, Joy, Julia, Kai, Karim, Kate, Kofi, Lara, Leo, Lin, Lucia,
    Malik, Marco, Maria, Maya, Mei, Miguel, Nadia, Nils, Nora, Olga, Omar, Paula, Pedro, Priya, Quinn,
    Rachel, Rafael, Ravi, Rosa, Ruth, Sam, Sara, Simon, Sofia, Stefan, Tara, Theo, Tomas, Uma, Vera,
    Victor, Wanda, Wei, Yara, Yusuf, Zoe"""
)

LAST_NAMES = _listed(
    """Abbott, Adeyemi, Ahmed, Almeida, Andersen, Arnold, Baker, Banerjee, Barnes, Becker, Bell, Berg,
    Bianchi, Brooks, Byrne, Carter, Castillo, Chan, Clarke, Cohen, Costa, Cruz, Dahl, Davies, Delgado,
    Diaz, Dubois, Ellis, Evans, Farrell, Fischer, Flores, Foster, Garcia, Grant, Gupta, Hahn, Hansen,
    Harris, Hayes, Herrera, Hill, Hoffmann, Howard, Hughes, Ibrahim, Jensen, Johnson, Kaur, Keller,
    Kelly, Khan, Kim, Klein, Kowalski, Lambert, Larsen, Lee, Lopez, Marino, Martin, Meyer, Mills,
    Moreau, Morgan, Murphy, Nakamura, Nguyen, Novak, Okafor, Olsen, Ortiz, Park, Patel, Perez, Petrov,
    Price, Ramos, Reed, Reyes, Rossi, Russo, Sanchez, Schmidt, Shah, Silva, Singh, Stone, Suzuki,
    Tanaka, Taylor, Torres, Turner, Vargas, Wagner, Walsh, Ward, Weber, White, Wilson, Wong, Young,
    Zhang"""
)

CITIES = _listed(
    """Ashford, Bellmont, Briarwood, Cedar Falls, Clearwater, Copper Hill, Dunmore, Eastbrook, Elm Grove,
    Fairhaven, Glenview, Harbor Point, Hollis, Kingsport, Lakeside, Maple Ridge, Millbrook, Newbury,
    Northgate, Oakdale, Pine Bluff, Port Avery, Ridgeway, Riverton, Saltwater, Silver Creek,
    Stonebridge, Summerfield, Thornton, Westfield, Willow Bend, Windham"""
)

FIRST_WORDS = _listed(
    """Amber, Anchor, Apple, Autumn, Bay, Birch, Blue, Bright, Brook, Canyon, Cedar, Chestnut, Cherry,
    City, Clover, Coastal, Copper, Coral, Corner, Country, Crescent, Crystal, Daisy, Diamond, Eagle,
    East, Elm, Ember, Evergreen, Fern, Field, First, Forest, Garden, Gold, Grand, Granite, Green,
    Harbor, Harvest, Hazel, Heritage, Hickory, Highland, Hill, Honey, Iron, Ivy, Juniper, Lake, Laurel,
    Lemon, Liberty, Lily, Lotus, Magnolia, Maple, Market, Meadow, Mill, Mint, Moon, North, Oak, Ocean,
    Olive, Orchard, Park, Pearl, Pepper, Pine, Plum, Prairie, Quarry, Rain, Red, River, Rose, Rosemary,
    Sage, Silver, Sky, South, Spring, Star, Stone, Summit, Sun, Sunset, Thistle, Thyme, Union, Valley,
    Velvet, Vine, Walnut, West, Wild, Willow"""
)

# Kinds of kitchens by industry segment.
KINDS = {
    "Fine Dining": _listed(
        """Bistro, Brasserie, Dining Room, Grill, Hearth, House, Kitchen, Oyster Room, Ristorante, Supper Club,
        Table, Tavern, Trattoria, Wine Bar"""
    ),
    "Fast Food": _listed(
        """Burgers, Chicken Shack, Deli, Diner, Express, Noodle Bar, Pizza, Sandwiches, Snack Bar, Tacos, Wraps"""
    ),
    "Healthcare": _listed(
        """Care Home, Clinic, Community Hospital, Health Center, Hospice, Medical Center, Nursing Home,
        Rehabilitation"""
    ),
    "Education": _listed(
        """Academy, College, Elementary School, High School, Institute, Kindergarten, Prep School, University"""
    ),
    "Corporate Catering": _listed(
        """Banquets, Business Lunch, Canteens, Catering, Conference Center, Event Kitchen, Office Pantry,
        Workplace Food"""
    ),
}

POSITIONS = _listed(
    """Buyer, Chef de Cuisine, Executive Chef, Food Service Director, General Manager, Kitchen Manager,
    Owner, Procurement Manager, Sous Chef"""
)

PRODUCT_KINDS = {
    "Dairy": _listed("Butter, Cream, Mozzarella, Parmesan, Yogurt, Cheddar"),
    "Dry goods": _listed("Basmati Rice, Bread Flour, Lentils, Penne, Quinoa, Rolled Oats, Sugar"),
    "Frozen": _listed("Berry Mix, French Fries, Garden Peas, Ice Cream, Spinach"),
    "Meat": _listed("Beef Chuck, Chicken Breast, Lamb Shoulder, Pork Loin, Turkey"),
    "Oils and sauces": _listed("Canola Oil, Ketchup, Mayonnaise, Olive Oil, Soy Sauce, Tomato Sauce"),
    "Produce": _listed("Carrots, Lettuce, Onions, Potatoes, Tomatoes, Apples"),
    "Supplies": _listed("Aluminum Foil, Napkins, Paper Cups, Takeout Boxes"),
}

PRODUCT_STYLES = _listed("Classic, Organic, Chef's, Value, Premium, Local, Bulk, Select")

OUTCOMES = _listed("interested, neutral, no answer, order placed, not interested, needs information")
