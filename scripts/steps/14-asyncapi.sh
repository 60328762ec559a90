# docs/asyncapi.yaml by AsyncAPI's own parser.
. "$lib"
node_tools
node tests/schemas/asyncapi.mjs docs/asyncapi.yaml
