package policy

const systemPath = "/etc/cardbridge/policy.json"
