// jose's opinion on one token. Standard input: {jwks, token, issuer, audience, typ}; standard output: {claims, header} or {refused: code}.
import { createLocalJWKSet, jwtVerify, calculateJwkThumbprint } from "jose";
import { readFileSync } from "node:fs";

const asked = JSON.parse(readFileSync(0, "utf8"));
for (const key of asked.jwks.keys) {
  if ((await calculateJwkThumbprint(key)) !== key.kid) throw new Error(`kid ${key.kid} is no RFC 7638 thumbprint`);
}
try {
  const { payload, protectedHeader } = await jwtVerify(asked.token, createLocalJWKSet(asked.jwks), {
    issuer: asked.issuer,
    audience: asked.audience,
    typ: asked.typ,
    algorithms: ["ES256"],
    requiredClaims: ["sub", "jti", "client_id", "iat", "nbf", "exp"],
  });
  console.log(JSON.stringify({ claims: payload, header: protectedHeader }));
} catch (error) {
  if (!error.code) throw error;
  console.log(JSON.stringify({ refused: error.code }));
}
