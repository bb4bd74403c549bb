"""Word lists from which the made-up texts are put together."""

from __future__ import annotations


def _words(text: str, between: str = " ") -> list[str]:
    return text.split(between)


FIRST_NAMES = _words(
    "Aisha Anouk Bart Bas Carla Cem Daan Dewi Eva Fatima Femke Floor Gijs Hassan Iris Ivo Jasper Jip "
    "Joost Kees Klaas Lars Lieke Lotte Maud Mehmet Mila Naïma Niels Noor Özlem Pepijn Piet Renée Ruben "
    "Sanne Sem Sjoerd Tess Thijs Ties Tijn Wout Yara Zeynep Zoë"
)
LAST_NAMES = _words(
    "Aerts|Bakker|van den Berg|de Boer|Bos|Brouwer|Çelik|Dekker|van Dijk|Dijkstra|El Amrani|de Groot|"
    "Hendriks|Hoekstra|'t Hooft|Jansen|de Jong|Kaya|Koning|Kuiper|van Leeuwen|Meijer|Mulder|Peters|"
    "Postma|Prins|de Ruiter|Smit|Smits|Timmermans|Veenstra|Vermeulen|Visser|Vos|de Vries|Willems|Yılmaz",
    "|",
)
STREETS = _words(
    "Appelhof|Beukenlaan|Burgemeester Bloemstraat|Dorpsweg|Eikenpad|Grote Markt|Havenkade|Kastanjelaan|"
    "Kerkplein|Lange Voorhout|Molendijk|Nieuwe Gracht|Parkzicht|Raadhuisstraat|Schoolstraat|"
    "Stationsweg|Tulpstraat|Vissersdijk|Zonneweide|'s-Gravenpad",
    "|",
)
CITIES = (
    ("Groningen", 53.2194, 6.5665),
    ("Leeuwarden", 53.2012, 5.7999),
    ("Zwolle", 52.5168, 6.0830),
    ("Utrecht", 52.0907, 5.1214),
    ("'s-Hertogenbosch", 51.6978, 5.3037),
    ("Rotterdam", 51.9244, 4.4777),
    ("Maastricht", 50.8514, 5.6910),
    ("Middelburg", 51.4988, 3.6110),
)
"""Name, latitude, longitude."""

CARRIERS = ("Blauwe Bode", "Duinpost", "Fietskoerier Noord", "Oranje Pakket", "Waterwegen Express")
SUPPLIERS = ("Doelgroepdata B.V. (verzonnen)", "Huishoudpanel Nederland (verzonnen)")

COLOURS = _words("blauwe gele groene grijze houten linnen oranje rode wollen zwarte")
THINGS = _words(
    "beker deken fietsbel fietstas fluitketel hardloopschoen hoofdlamp kussen lunchtrommel muts "
    "notitieboek paraplu puzzel rugzak sjaal slaapzak thermosfles trui verrekijker wandelstok"
)
DEPARTMENTS = {
    "Wonen": ("Keuken", "Slaapkamer", "Verlichting"),
    "Buiten": ("Wandelen", "Fietsen", "Kamperen"),
    "Sport": ("Hardlopen", "Yoga"),
    "Lezen": ("Boeken", "Puzzels"),
}
INTERESTS = _words("fietsen hardlopen kamperen koken lezen puzzelen tuinieren wandelen yoga")
SIZES = ("S", "M", "L", "XL")

OPENERS = ("Helaas:", "Even een vraag:", "Goed nieuws!", "Tja,", "Ik zie nu:", "Jullie zeiden het al,")
MIDDLES = (
    "het pakket",
    "de kleur",
    "mijn bestelling",
    "de maat",
    "het handvat",
    "de rits",
    "de levering",
    "het cadeau",
)
ENDINGS = (
    "is niet aangekomen.",
    "is precies goed!",
    "is anders dan op de foto.",
    "was al na een week stuk…",
    "is mooier dan gedacht :)",
    "was sneller dan beloofd.",
    "is te klein; kan ik ruilen?",
    "is een tikje duur, maar ja.",
)
SUBJECTS = (
    "Vraag over levering",
    "Ruilen",
    "Factuur",
    "Account",
    "Kapot product",
    "Compliment",
    "Coaching in de app",
)
AGENTS = ("Medewerker Amber", "Medewerker Boris", "Medewerker Chantal", "Medewerker Driss")
BOT_LINES = (
    "Je pakket is onderweg. Heb ik je vraag zo beantwoord?",
    "Ik denk dat je wilt ruilen. Klopt dat?",
    "Ik verbind je door met een medewerker.",
)
AGENT_LINES = (
    "Nagevraagd bij de vervoerder, klant gebeld.",
    "Klant is vriendelijk; vergoeding van vijf euro toegekend.",
    "Retourlabel gestuurd, wacht op pakket.",
)
USER_AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15",
    "GeleKanoApp/7.2 (Android 16; nl-NL)",
)
EVENTS = ("open", "scroll", "tap", "share", "workout_start", "workout_stop", "close")
SCREENS = ("home", "hartslag", "route", "winkel", "profiel", "instellingen")
TOPICS = ("aanbiedingen", "hardlopen", "nieuw binnen")
