SET LOCAL lock_timeout = '5s';

DROP TABLE identity.change;
DROP TABLE identity.signing_key;
DROP TABLE identity.login_guard;
DROP TABLE identity.refresh_token;
DROP TABLE identity.session;
DROP TABLE identity.pairing_code;
DROP TABLE identity.client_secret;
DROP TABLE identity.client;
DROP TYPE identity.client_kind;
DROP TABLE identity.pin;
DROP TABLE identity.badge;
DROP TABLE identity.operator;
DROP TABLE identity.role;
DROP SCHEMA identity;
