-- What was proved with a passkey or password that is new is as new as that: a session, and every token or link made in
-- it, decides nothing at T2 or above before then. Null: nothing new was used.
alter table sessions add column cooling_until timestamptz;
alter table api_tokens add column cooling_until timestamptz;
alter table sign_in_links add column cooling_until timestamptz;
