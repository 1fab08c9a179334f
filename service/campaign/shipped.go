// SPDX-License-Identifier: EUPL-1.2

package campaign

import "time"

// Shipped returns the campaigns of a new service. A value marked "assumed" has no source.
func Shipped() []Campaign {
	return []Campaign{
		{
			ID:         "2020",
			Version:    1,
			Title:      "Estensione al 30 giugno 2020",
			LegalBasis: "D.L. 2 marzo 2020, n. 9, art. 12, comma 1",
			// The guide of 20/05/2020, revision table. The law has no first day and says "before" 30/06/2020.
			ExpiryFrom:    day(2020, time.January, 1),
			ExpiryTo:      day(2020, time.June, 30),
			NewNotAfter:   endOf(2020, time.June, 30), // the same table; 20200630215959Z
			OpenFrom:      day(2020, time.May, 20),    // date of the guide
			OpenTo:        day(2020, time.June, 30),
			AcceptExpired: true, // in May 2020 every card that ended from January on had ended
			Series:        []string{"AC2013", "AC2014", "AC2018", "OT2015", "OT2016", "ID2019"},
			Attempts:      3,    // assumed
			Capacity:      1000, // assumed: updates at the same time in Estonia, 2017
		},
		{
			ID:      "2022",
			Version: 1,
			Title:   "Estensione al 31 dicembre 2023",
			LegalBasis: "D.M. 30 maggio 2022 (G.U. n. 133 del 9 giugno 2022), art. 1, commi 2-bis e 2-ter D.M. 11 " +
				"marzo 2004",
			// Assumed: the decree names no window. Cards without chip are issued from 01/06/2022, and their holders
			// may use the previous card until 31/12/2023.
			ExpiryFrom:  day(2022, time.June, 1),
			ExpiryTo:    day(2023, time.December, 31),
			NewNotAfter: endOf(2023, time.December, 31), // the decree; 20231231225959Z
			OpenFrom:    day(2022, time.June, 9),        // assumed: the decree's publication
			OpenTo:      day(2023, time.December, 31),   // assumed: the day it extends to
			// The notices of the regions require a card that is still valid; the decree does not.
			AcceptExpired: false,
			// The guide of version 1.2.19 adds ACe2021 and ACx2021.
			Series:   []string{"AC2013", "AC2014", "AC2018", "OT2015", "OT2016", "ID2019", "ACe2021", "ACx2021"},
			Attempts: 3,    // assumed
			Capacity: 1000, // assumed
		},
		{
			ID:            "prova",
			Version:       1,
			Title:         "Campagna di prova",
			LegalBasis:    "Nessuna: solo per tessere di prova",
			AcceptExpired: true,
			Series:        []string{"AC2013", "AC2014", "AC2018", "OT2015", "OT2016", "ID2019", "ACe2021", "ACx2021"},
			Attempts:      10,
			Last:          true,
		},
	}
}

func day(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 0, 0, 0, 0, Rome)
}

func endOf(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 23, 59, 59, 0, Rome)
}
