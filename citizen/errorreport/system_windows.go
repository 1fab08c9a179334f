// SPDX-License-Identifier: EUPL-1.2

package errorreport

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// release returns the version and the build number, by which releases of Windows differ.
func release() string {
	v := windows.RtlGetVersion()
	return fmt.Sprintf("Windows %d.%d build %d", v.MajorVersion, v.MinorVersion, v.BuildNumber)
}
