-- Passwords of people: argon2id with its parameters and salt in the text. No row: the user has none.
CREATE TABLE user_passwords (
  user_id       text COLLATE "C" PRIMARY KEY REFERENCES users (id),
  hash          text COLLATE "C" NOT NULL,
  changed_at_ms bigint NOT NULL
);
