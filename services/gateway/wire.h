/* The generated messages that the gateway names by type; all others pass by descriptor. */
#ifndef LK_GATEWAY_WIRE_H
#define LK_GATEWAY_WIRE_H

#include "latchkey/accounts/v1/accounts.pb-c.h"
#include "latchkey/audit/v1/audit.pb-c.h"
#include "latchkey/credentials/v1/credentials.pb-c.h"
#include "latchkey/health/v1/health.pb-c.h"
#include "latchkey/keys/v1/keys.pb-c.h"
#include "latchkey/tokens/v1/tokens.pb-c.h"

typedef Latchkey__Common__V1__Identity IdentityMsg;
typedef Latchkey__Credentials__V1__AgreeTransportResponse AgreeTransportResponse;
typedef Latchkey__Credentials__V1__AwsSecret AwsSecret;
typedef Latchkey__Credentials__V1__FetchCredentialRequest FetchCredentialRequest;
typedef Latchkey__Credentials__V1__FetchCredentialResponse FetchCredentialResponse;
typedef Latchkey__Credentials__V1__ProviderSecret ProviderSecret;
typedef Latchkey__Credentials__V1__SealedSecret SealedSecret;
typedef Latchkey__Health__V1__CheckRequest CheckRequest;
typedef Latchkey__Health__V1__CheckResponse CheckResponse;
typedef Latchkey__Health__V1__GetMetricsRequest GetMetricsRequest;
typedef Latchkey__Health__V1__GetMetricsResponse GetMetricsResponse;
typedef Latchkey__Health__V1__MetricFamily MetricFamily;
typedef Latchkey__Health__V1__MetricSample MetricSample;
typedef Latchkey__Tokens__V1__ExchangeTokenRequest ExchangeTokenRequest;
typedef Latchkey__Tokens__V1__GetJwksRequest GetJwksRequest;
typedef Latchkey__Tokens__V1__GetJwksResponse GetJwksResponse;
typedef Latchkey__Tokens__V1__IssueTokenRequest IssueTokenRequest;
typedef Latchkey__Tokens__V1__IssueTokenResponse IssueTokenResponse;
typedef Latchkey__Tokens__V1__RevokeTokenRequest RevokeTokenRequest;
typedef Latchkey__Tokens__V1__ValidateTokenRequest ValidateTokenRequest;
typedef Latchkey__Tokens__V1__ValidateTokenResponse ValidateTokenResponse;

#endif
