package manifests

// PolicyValue is the name of our value in lists of policies in the registry, whose names are numbers: one that administrators do not
// come to, so that theirs stay.
const PolicyValue = "88140"

// UserLevelHosts is the policy that lets a person's own registration of a host count.
const UserLevelHosts = "NativeMessagingUserLevelHosts"

// ForcedByMSI are the browsers whose policies the MSI writes, if it is told.
var ForcedByMSI = []string{"chrome", "edge"}
