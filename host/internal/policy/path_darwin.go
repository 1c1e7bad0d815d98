package policy

const systemPath = "/Library/Application Support/CardBridge/policy.json"
