-- A note is about a tenant, a contract or a request, and `bij_soort` says which. A way cannot say that: a view a kind.
CREATE VIEW notitie_huurder AS SELECT notitie_nr, bij_nr, tekst, geschreven_door, geschreven_op FROM notitie WHERE bij_soort = 'huurder';
CREATE VIEW notitie_contract AS SELECT notitie_nr, bij_nr, tekst, geschreven_door, geschreven_op FROM notitie WHERE bij_soort = 'contract';
CREATE VIEW notitie_verzoek AS SELECT notitie_nr, bij_nr, tekst, geschreven_door, geschreven_op FROM notitie WHERE bij_soort = 'verzoek';
