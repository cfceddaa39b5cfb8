-- Every SSCC ends with the check digit of the digits before it, and begins, after its extension digit, with the company prefix of its site.
SELECT u.sscc, s.gs1_company_prefix
FROM shipping.handling_unit AS u
JOIN catalog.site AS s ON s.id = u.site_id
WHERE shipping.gs1_check_digit(left(u.sscc, 17)) <> right(u.sscc, 1)::integer
   OR NOT starts_with(substr(u.sscc, 2), s.gs1_company_prefix);
