-- What a person gets of AdventureWorks, by each right, from adventureworks.yml and by hand. README.md says how to
-- read it. One number identifies a person in every role, so one set of statements serves customers and staff.

-- people person: a salesperson, a contact of a shop that ordered most, and who has the last number
(SELECT MIN(businessentityid) AS businessentityid FROM salesperson)
UNION (SELECT personid FROM (SELECT c.personid, COUNT(*) AS n FROM salesorderheader h
       JOIN customer c ON c.customerid = h.customerid WHERE c.personid IS NOT NULL AND c.storeid IS NOT NULL
       GROUP BY c.personid ORDER BY n DESC, c.personid LIMIT 1) most)
UNION (SELECT MAX(businessentityid) FROM person)
ORDER BY 1;

-- access person: person
SELECT businessentityid, persontype, namestyle, title, firstname, middlename, lastname, suffix, emailpromotion,
       additionalcontactinfo, demographics, rowguid, modifieddate
FROM person WHERE businessentityid = :person;

-- access person: businessentity
SELECT businessentityid, rowguid, modifieddate FROM businessentity WHERE businessentityid = :person;

-- access person: emailaddress
SELECT businessentityid, emailaddressid, emailaddress, rowguid, modifieddate
FROM emailaddress WHERE businessentityid = :person;

-- access person: personphone
SELECT businessentityid, phonenumber, phonenumbertypeid, modifieddate
FROM personphone WHERE businessentityid = :person;

-- access person: password
SELECT businessentityid, rowguid, modifieddate FROM password WHERE businessentityid = :person;

-- access person: businessentityaddress
SELECT businessentityid, addressid, addresstypeid, rowguid, modifieddate
FROM businessentityaddress WHERE businessentityid = :person;

-- access person: address
SELECT addressid, addressline1, addressline2, city, stateprovinceid, postalcode, spatiallocation, rowguid, modifieddate
FROM address
WHERE addressid IN (SELECT addressid FROM businessentityaddress WHERE businessentityid = :person)
   OR addressid IN (SELECT h.billtoaddressid FROM salesorderheader h JOIN customer c ON c.customerid = h.customerid
                    WHERE c.personid = :person)
   OR addressid IN (SELECT h.shiptoaddressid FROM salesorderheader h JOIN customer c ON c.customerid = h.customerid
                    WHERE c.personid = :person);

-- access person: businessentitycontact
SELECT businessentityid, personid, contacttypeid, rowguid, modifieddate
FROM businessentitycontact WHERE personid = :person;

-- access person: customer
SELECT customerid, personid, storeid, territoryid, accountnumber, rowguid, modifieddate
FROM customer WHERE personid = :person;

-- access person: salesorderheader
SELECT h.salesorderid, h.revisionnumber, h.orderdate, h.duedate, h.shipdate, h.status, h.onlineorderflag,
       h.salesordernumber, h.purchaseordernumber, h.accountnumber, h.customerid, h.salespersonid, h.territoryid,
       h.billtoaddressid, h.shiptoaddressid, h.shipmethodid, h.creditcardid, h.creditcardapprovalcode,
       h.currencyrateid, h.subtotal, h.taxamt, h.freight, h.totaldue, h.comment, h.rowguid, h.modifieddate
FROM salesorderheader h JOIN customer c ON c.customerid = h.customerid WHERE c.personid = :person;

-- access person: salesorderdetail
SELECT d.salesorderid, d.salesorderdetailid, d.carriertrackingnumber, d.orderqty, d.productid, d.specialofferid,
       d.unitprice, d.unitpricediscount, d.linetotal, d.rowguid, d.modifieddate
FROM salesorderdetail d JOIN salesorderheader h ON h.salesorderid = d.salesorderid
JOIN customer c ON c.customerid = h.customerid WHERE c.personid = :person;

-- access person: salesorderheadersalesreason
SELECT r.salesorderid, r.salesreasonid, r.modifieddate
FROM salesorderheadersalesreason r JOIN salesorderheader h ON h.salesorderid = r.salesorderid
JOIN customer c ON c.customerid = h.customerid WHERE c.personid = :person;

-- access person: personcreditcard
SELECT businessentityid, creditcardid, modifieddate FROM personcreditcard WHERE businessentityid = :person;

-- access person: creditcard
SELECT creditcardid, cardtype, cardnumber, expmonth, expyear, modifieddate FROM creditcard
WHERE creditcardid IN (SELECT creditcardid FROM personcreditcard WHERE businessentityid = :person);

-- access person: productreview
SELECT productreviewid, productid, reviewername, reviewdate, emailaddress, rating, comments, modifieddate
FROM productreview WHERE emailaddress IN (SELECT emailaddress FROM emailaddress WHERE businessentityid = :person);

-- access person: employee
SELECT businessentityid, nationalidnumber, loginid, organizationlevel, jobtitle, birthdate, maritalstatus, gender,
       hiredate, salariedflag, vacationhours, sickleavehours, currentflag, rowguid, modifieddate, organizationnode
FROM employee WHERE businessentityid = :person;

-- access person: employeedepartmenthistory
SELECT businessentityid, departmentid, shiftid, startdate, enddate, modifieddate
FROM employeedepartmenthistory WHERE businessentityid = :person;

-- access person: employeepayhistory
SELECT businessentityid, ratechangedate, rate, payfrequency, modifieddate
FROM employeepayhistory WHERE businessentityid = :person;

-- access person: jobcandidate
SELECT jobcandidateid, businessentityid, resume, modifieddate FROM jobcandidate WHERE businessentityid = :person;

-- access person: salesperson
SELECT businessentityid, territoryid, salesquota, bonus, commissionpct, salesytd, saleslastyear, rowguid, modifieddate
FROM salesperson WHERE businessentityid = :person;

-- access person: salespersonquotahistory
SELECT businessentityid, quotadate, salesquota, rowguid, modifieddate
FROM salespersonquotahistory WHERE businessentityid = :person;

-- access person: salesterritoryhistory
SELECT businessentityid, territoryid, startdate, enddate, rowguid, modifieddate
FROM salesterritoryhistory WHERE businessentityid = :person;

-- portability person: person
SELECT businessentityid, namestyle, title, firstname, middlename, lastname, suffix, emailpromotion,
       additionalcontactinfo, demographics, modifieddate
FROM person WHERE businessentityid = :person;

-- portability person: emailaddress
SELECT businessentityid, emailaddressid, emailaddress, modifieddate
FROM emailaddress WHERE businessentityid = :person;

-- portability person: personphone
SELECT businessentityid, phonenumber, phonenumbertypeid, modifieddate
FROM personphone WHERE businessentityid = :person;

-- portability person: businessentityaddress
SELECT businessentityid, addressid, addresstypeid, modifieddate
FROM businessentityaddress WHERE businessentityid = :person;

-- portability person: address
SELECT addressid, addressline1, addressline2, city, stateprovinceid, postalcode, modifieddate
FROM address
WHERE addressid IN (SELECT addressid FROM businessentityaddress WHERE businessentityid = :person)
   OR addressid IN (SELECT h.billtoaddressid FROM salesorderheader h JOIN customer c ON c.customerid = h.customerid
                    WHERE c.personid = :person)
   OR addressid IN (SELECT h.shiptoaddressid FROM salesorderheader h JOIN customer c ON c.customerid = h.customerid
                    WHERE c.personid = :person);

-- portability person: salesorderheader
SELECT h.salesorderid, h.revisionnumber, h.orderdate, h.duedate, h.shipdate, h.status, h.onlineorderflag,
       h.purchaseordernumber, h.customerid, h.billtoaddressid, h.shiptoaddressid, h.shipmethodid, h.creditcardid,
       h.currencyrateid, h.subtotal, h.taxamt, h.freight, h.totaldue, h.comment, h.modifieddate
FROM salesorderheader h JOIN customer c ON c.customerid = h.customerid WHERE c.personid = :person;

-- portability person: salesorderdetail
SELECT d.salesorderid, d.salesorderdetailid, d.carriertrackingnumber, d.orderqty, d.productid, d.specialofferid,
       d.unitprice, d.unitpricediscount, d.linetotal, d.modifieddate
FROM salesorderdetail d JOIN salesorderheader h ON h.salesorderid = d.salesorderid
JOIN customer c ON c.customerid = h.customerid WHERE c.personid = :person;

-- portability person: salesorderheadersalesreason
SELECT r.salesorderid, r.salesreasonid, r.modifieddate
FROM salesorderheadersalesreason r JOIN salesorderheader h ON h.salesorderid = r.salesorderid
JOIN customer c ON c.customerid = h.customerid WHERE c.personid = :person;

-- portability person: personcreditcard
SELECT businessentityid, creditcardid, modifieddate FROM personcreditcard WHERE businessentityid = :person;

-- portability person: creditcard
SELECT creditcardid, cardtype, cardnumber, expmonth, expyear, modifieddate FROM creditcard
WHERE creditcardid IN (SELECT creditcardid FROM personcreditcard WHERE businessentityid = :person);

-- portability person: productreview
SELECT productreviewid, productid, reviewername, reviewdate, emailaddress, rating, comments, modifieddate
FROM productreview WHERE emailaddress IN (SELECT emailaddress FROM emailaddress WHERE businessentityid = :person);

-- portability person: employee
SELECT businessentityid, nationalidnumber, birthdate, maritalstatus, gender, vacationhours, sickleavehours, modifieddate
FROM employee WHERE businessentityid = :person;

-- portability person: jobcandidate
SELECT jobcandidateid, businessentityid, resume, modifieddate FROM jobcandidate WHERE businessentityid = :person;

-- Of the following nothing is the person's own but when the row was written; the numbers tie it to the rest.

-- portability person: businessentity
SELECT businessentityid, modifieddate FROM businessentity WHERE businessentityid = :person;

-- portability person: password
SELECT businessentityid, modifieddate FROM password WHERE businessentityid = :person;

-- portability person: businessentitycontact
SELECT businessentityid, personid, contacttypeid, modifieddate FROM businessentitycontact WHERE personid = :person;

-- portability person: customer
SELECT customerid, personid, modifieddate FROM customer WHERE personid = :person;

-- portability person: employeedepartmenthistory
SELECT businessentityid, departmentid, shiftid, startdate, modifieddate
FROM employeedepartmenthistory WHERE businessentityid = :person;

-- portability person: employeepayhistory
SELECT businessentityid, ratechangedate, modifieddate FROM employeepayhistory WHERE businessentityid = :person;

-- portability person: salesperson
SELECT businessentityid, modifieddate FROM salesperson WHERE businessentityid = :person;

-- portability person: salespersonquotahistory
SELECT businessentityid, quotadate, modifieddate FROM salespersonquotahistory WHERE businessentityid = :person;

-- portability person: salesterritoryhistory
SELECT businessentityid, territoryid, startdate, modifieddate
FROM salesterritoryhistory WHERE businessentityid = :person;
