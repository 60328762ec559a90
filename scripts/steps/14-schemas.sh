# docs/schemas and docs/asyncapi.yaml are what they claim to be, accept good records and refuse bad ones.
sh tests/schemas/validate
