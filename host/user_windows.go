package main

import "golang.org/x/sys/windows"

// user is whom the audit lines of this process are about: the SID.
func user() string {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return ""
	}
	return user.User.Sid.String()
}
