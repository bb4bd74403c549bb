-- What a person gets of Woonstede, by each right, from woonstede.yml and by hand. README.md says how to read it.
-- The notes come by the views of data/woonstede_views.sql; here they are found without them.

-- people huurder: the first, one who is marked as deleted and was the last, and who of the others asked for most
-- repairs
(SELECT MIN(huurder_nr) AS huurder_nr FROM huurder)
UNION (SELECT MAX(huurder_nr) FROM huurder WHERE verwijderd_op IS NOT NULL)
UNION (SELECT gemeld_door FROM (SELECT gemeld_door, COUNT(*) AS n FROM reparatieverzoek
       WHERE gemeld_door > (SELECT MIN(huurder_nr) FROM huurder) GROUP BY gemeld_door
       ORDER BY n DESC, gemeld_door LIMIT 1) most)
ORDER BY 1;

-- access huurder: huurder
SELECT huurder_nr, voorletters, tussenvoegsel, achternaam, geboortedatum, email, mobiel, iban, inkomensklasse,
       betaalrisico, nieuwsbrief, aangemaakt_op, verwijderd_op
FROM huurder WHERE huurder_nr = :person;

-- access huurder: huurcontract
SELECT contract_nr, huurder_nr, complex_nr, volg_nr, ingangsdatum, einddatum, huurprijs, servicekosten
FROM huurcontract WHERE huurder_nr = :person;

-- access huurder: gezinslid
SELECT g.contract_nr, g.lid_nr, g.roepnaam, g.geboortedatum, g.relatie
FROM gezinslid g JOIN huurcontract c ON c.contract_nr = g.contract_nr WHERE c.huurder_nr = :person;

-- access huurder: huurnota
SELECT n.nota_nr, n.contract_nr, n.periode, n.bedrag, n.vervaldatum, n.aanmaningen
FROM huurnota n JOIN huurcontract c ON c.contract_nr = n.contract_nr WHERE c.huurder_nr = :person;

-- access huurder: betaling
SELECT b.nota_nr, b.deel_nr, b.bedrag, b.geboekt_op, b.tegenrekening
FROM betaling b JOIN huurnota n ON n.nota_nr = b.nota_nr JOIN huurcontract c ON c.contract_nr = n.contract_nr
WHERE c.huurder_nr = :person;

-- access huurder: reparatieverzoek
SELECT verzoek_nr, complex_nr, volg_nr, gemeld_door, omschrijving, urgentie, gemeld_op, status, behandelaar
FROM reparatieverzoek WHERE gemeld_door = :person;

-- access huurder: afspraak
SELECT a.verzoek_nr, a.afspraak_nr, a.datum, a.dagdeel, a.uitgevoerd
FROM afspraak a JOIN reparatieverzoek v ON v.verzoek_nr = a.verzoek_nr WHERE v.gemeld_door = :person;

-- access huurder: reactie
SELECT advertentie_nr, huurder_nr, gereageerd_op, motivatie, rangnummer, ingetrokken
FROM reactie WHERE huurder_nr = :person;

-- access huurder: bericht
SELECT bericht_nr, van_email, onderwerp, inhoud, ontvangen_op
FROM bericht WHERE van_email = (SELECT email FROM huurder WHERE huurder_nr = :person);

-- access huurder: notitie_huurder
SELECT notitie_nr, bij_nr, tekst, geschreven_door, geschreven_op
FROM notitie WHERE bij_soort = 'huurder' AND bij_nr = :person;

-- access huurder: notitie_contract
SELECT notitie_nr, bij_nr, tekst, geschreven_door, geschreven_op
FROM notitie WHERE bij_soort = 'contract' AND bij_nr IN (SELECT contract_nr FROM huurcontract WHERE huurder_nr = :person);

-- access huurder: notitie_verzoek
SELECT notitie_nr, bij_nr, tekst, geschreven_door, geschreven_op
FROM notitie
WHERE bij_soort = 'verzoek' AND bij_nr IN (SELECT verzoek_nr FROM reparatieverzoek WHERE gemeld_door = :person);

-- access huurder: woning
SELECT DISTINCT w.complex_nr, w.volg_nr, w.straat, w.huisnummer, w.postcode, w.plaats
FROM huurcontract c JOIN woning w ON w.complex_nr = c.complex_nr AND w.volg_nr = c.volg_nr WHERE c.huurder_nr = :person;

-- access huurder: complex
SELECT DISTINCT x.complex_nr, x.naam
FROM huurcontract c JOIN woning w ON w.complex_nr = c.complex_nr AND w.volg_nr = c.volg_nr
  JOIN complex x ON x.complex_nr = w.complex_nr
WHERE c.huurder_nr = :person;

-- portability huurder: huurder
SELECT huurder_nr, voorletters, tussenvoegsel, achternaam, geboortedatum, email, mobiel, iban, nieuwsbrief,
       aangemaakt_op, verwijderd_op
FROM huurder WHERE huurder_nr = :person;

-- portability huurder: huurcontract
SELECT contract_nr, huurder_nr, complex_nr, volg_nr, ingangsdatum, einddatum, huurprijs, servicekosten
FROM huurcontract WHERE huurder_nr = :person;

-- portability huurder: gezinslid
SELECT g.contract_nr, g.lid_nr, g.roepnaam, g.geboortedatum, g.relatie
FROM gezinslid g JOIN huurcontract c ON c.contract_nr = g.contract_nr WHERE c.huurder_nr = :person;

-- portability huurder: huurnota
SELECT n.nota_nr, n.contract_nr, n.periode, n.bedrag, n.vervaldatum
FROM huurnota n JOIN huurcontract c ON c.contract_nr = n.contract_nr WHERE c.huurder_nr = :person;

-- portability huurder: betaling
SELECT b.nota_nr, b.deel_nr, b.bedrag, b.geboekt_op, b.tegenrekening
FROM betaling b JOIN huurnota n ON n.nota_nr = b.nota_nr JOIN huurcontract c ON c.contract_nr = n.contract_nr
WHERE c.huurder_nr = :person;

-- portability huurder: reparatieverzoek
SELECT verzoek_nr, complex_nr, volg_nr, gemeld_door, omschrijving, gemeld_op
FROM reparatieverzoek WHERE gemeld_door = :person;

-- portability huurder: afspraak
SELECT a.verzoek_nr, a.afspraak_nr, a.datum, a.dagdeel
FROM afspraak a JOIN reparatieverzoek v ON v.verzoek_nr = a.verzoek_nr WHERE v.gemeld_door = :person;

-- portability huurder: reactie
SELECT advertentie_nr, huurder_nr, gereageerd_op, motivatie, ingetrokken
FROM reactie WHERE huurder_nr = :person;

-- portability huurder: bericht
SELECT bericht_nr, van_email, onderwerp, inhoud, ontvangen_op
FROM bericht WHERE van_email = (SELECT email FROM huurder WHERE huurder_nr = :person);

-- portability huurder: woning
SELECT DISTINCT w.complex_nr, w.volg_nr, w.straat, w.huisnummer, w.postcode, w.plaats
FROM huurcontract c JOIN woning w ON w.complex_nr = c.complex_nr AND w.volg_nr = c.volg_nr WHERE c.huurder_nr = :person;

-- portability huurder: complex
SELECT DISTINCT x.complex_nr, x.naam
FROM huurcontract c JOIN woning w ON w.complex_nr = c.complex_nr AND w.volg_nr = c.volg_nr
  JOIN complex x ON x.complex_nr = w.complex_nr
WHERE c.huurder_nr = :person;

-- people medewerker: three of the staff
SELECT personeels_nr FROM medewerker WHERE personeels_nr <> 103 ORDER BY personeels_nr;

-- access medewerker: medewerker
SELECT personeels_nr, voornaam, achternaam, functie, werk_email, in_dienst_sinds
FROM medewerker WHERE personeels_nr = :person;

-- portability medewerker: medewerker
SELECT personeels_nr, voornaam, achternaam FROM medewerker WHERE personeels_nr = :person;
