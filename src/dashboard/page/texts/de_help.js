// Worte für das, was der Dienst entschieden hat: Gründe, Grundlagen, Urteile, Meldungen.

export const help = {
  bases: { holder: "Ein Besuch hatte die angerufene Nummer.", static: "Die Nummer gehört zu einer einzigen Quelle.", inferred: "Der Besuch eines früheren Anrufs dieses Anrufers.", imported: "Ein anderes System hat es gemeldet.", provided: "Die Werbeplattform, die den Anruf vermittelt hat, nannte ihre Kampagne.", told: "Ein Ergebnis oder ein Formular nannte den Besucher.", none: "Niemand passt." },
  reasons: { tel_click: "hat die Nummer angetippt", gesture: "hat die Nummer kopiert oder gedrückt", on_page: "war auf der Seite", just_after: "war gerade gegangen", same_day: "war am selben Tag da", later: "war Tage zuvor da", known_caller: "bekannter Anrufer", lead: "hat ein Formular gesendet", same_area: "gleicher Ort", same_region: "gleiche Region", other_country: "anderes Land", shared: "die Nummer war geteilt", unrested: "kurz zuvor hatte jemand anders die Nummer" },
  actions_taken: { dial: "Weitergeleitet", menu: "Menü", voicemail: "Mailbox", reject: "Abgewiesen", challenge: "Um einen Tastendruck gebeten" },
  whys: { rule: "nach einer Regel", no_rule: "keine Regel passt", closed: "geschlossen", area: "nach Ort", full: "Ziele ausgelastet", not_taken: "niemand nahm an", key: "durch eine Taste", no_key: "keine Taste gedrückt", spam: "Spamprüfung", gone: "der Anrufer legte auf", fail_safe: "Notweg" },
  verdicts: { better: "Besser als üblich", usual: "Wie üblich", worse: "Schlechter als üblich", short_better: "▲ besser,", short_usual: "● üblich,", short_worse: "▼ schlechter," },
  alerts: { threshold: "Eine Grenze ist überschritten", benchmark: "Schlechter als üblich", forecast: "Anders als erwartet", silent: "Stille", overflow: "Zu wenige Nummern", postbacks: "Postbacks schlagen fehl" },
  dispositions: { booked: "Gebucht", quoted: "Angebot gemacht", callback: "Rückruf", not_interested: "Kein Interesse", wrong_number: "Falsch verbunden" },
  not_told: { qualified_leads: "kein Ergebnis gemeldet", revenue: "kein Wert gemeldet", cost_per_lead: "keine Kosten oder Leads gemeldet" },
  models: { own: "Eigene Quelle", first: "Erste", last: "Letzte", last_non_direct: "Letzte nicht direkte", last_paid: "Letzte bezahlte", lead_creation: "Lead-Entstehung", linear: "Linear", position_based: "Position", w_shaped: "W-förmig", time_decay: "Zeitverfall", data_driven: "Datengetrieben" },
  clocks: { call: "Zeit des Anrufs", visit: "Zeit des Besuchs" },
  grains: { hour: "Stunde", day: "Tag", week: "Woche", month: "Monat", quarter: "Quartal", year: "Jahr" },
  industries: { own_past: "Eigene Vergangenheit", all: "Alle Branchen", ecommerce: "Onlinehandel", healthcare: "Gesundheit", finance: "Finanzen", telecom: "Telekommunikation", small_business: "Kleine Betriebe", mid_size: "Mittelstand", enterprise: "Konzerne" },
};
