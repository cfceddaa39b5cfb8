-- Every SSCC ends with the GS1 check digit of the digits before it.
SELECT u.sscc
FROM shipping.handling_unit AS u
WHERE shipping.gs1_check_digit(left(u.sscc, 17)) <> right(u.sscc, 1)::integer;
