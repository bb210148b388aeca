"""Programs that users write to judge documents, and what it means to run one.

A jq expression, a Rego policy and a JSON Schema are the same thing here: a text for an engine, run
on one document within limits, that yields a JSON value or fails with a stable code. This room
holds those words, the port that whoever can run programs implements, and the refusal of programs
that would ask for the time, the network, files or chance. It runs nothing, and knows neither
processes nor what a value means to the one who asked.
"""
