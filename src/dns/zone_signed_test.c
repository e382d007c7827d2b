/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Zones with DNSSEC: whether a sound one is taken, and one that lacks anything is not. */
#include "dns/base32.h"
#include "dns/type.h"
#include "dns/zone_stage_test.h"

/* One zone, as ldns-signzone signs it: with NSEC, with NSEC3, and with NSEC3 and opt-out. */
static const char *const with_nsec[] = {
	"@ 3600 SOA ns.example.com. hostmaster.example.com. 7 3600 900 604800 300",
	"@ 3600 RRSIG SOA 15 2 3600 20261201000000 20251201000000 40897 example.com. "
	"W+jKC+ugkTvivDwCADx0ARVarOEttVlMyvpIDGaTypjohO1TubSdML9eMyfsOKkJBSpZyqjCokMV/OXGuh8FBg==",
	"@ 3600 NS ns.example.com.",
	"@ 3600 RRSIG NS 15 2 3600 20261201000000 20251201000000 40897 example.com. "
	"3nf/IiYE/jOopKIuJj37ek3+6OXJGUm5wEDhjBAcxXe/7qcws72pMtUvkQnQQMqjMTC/9pzQiOJ1QMrznvkuDw==",
	"@ 3600 DNSKEY 257 3 15 K5cCNdqV7mrCLVGnoCuMzgOR+f/0BWAdbpKHEM/ATP0=",
	"@ 3600 RRSIG DNSKEY 15 2 3600 20261201000000 20251201000000 40897 example.com. "
	"vDh3AUfG57/NKf3i10+qMHO0sfjsLAb3zy2nSWLpByYEcVn3fUaPSG85KGgZ3kS4GDJc3WwHAD7IvGZ+t1iSDQ==",
	"@ 300 NSEC a.deep.example.com. NS SOA RRSIG NSEC DNSKEY",
	"@ 300 RRSIG NSEC 15 2 300 20261201000000 20251201000000 40897 example.com. "
	"9peEETTknuNsoozS6NDBSKnYs4B5993BB5caGNOK1V9MM/vPktC8hqqArrNP1eL9LNGRYzxSRD9jhz/tXPW7BQ==",
	"a.deep 3600 TXT \"x\"",
	"a.deep 3600 RRSIG TXT 15 4 3600 20261201000000 20251201000000 40897 example.com. "
	"cH4VgNIEdmtGl62peZ7v1mrIWgDToZ4Eh8znx6OTDKhHWyy5JFKvQF3Xhdo75AMd7ll2n7fHvMorJH7f7cO3BQ==",
	"a.deep 300 NSEC ns.example.com. TXT RRSIG NSEC",
	"a.deep 300 RRSIG NSEC 15 4 300 20261201000000 20251201000000 40897 example.com. "
	"uSwtr5JS9wEbyogFTZ3vAn1WONGh70UoOcA3BiQt4u2SfodmsNAMqBYELvkJJw55kkJjtIPH4GarMMOTZmr4DQ==",
	"ns 3600 A 192.0.2.1",
	"ns 3600 RRSIG A 15 3 3600 20261201000000 20251201000000 40897 example.com. "
	"U7d2aZmWysi41cZZUIpQq1mak7U3X9W2WTUlV4cusPfbsOT5ZhCvYDbxwpX5BSVgxsxRyW+WsoD07smY3nXnDQ==",
	"ns 300 NSEC safe.example.com. A RRSIG NSEC",
	"ns 300 RRSIG NSEC 15 3 300 20261201000000 20251201000000 40897 example.com. "
	"+SnXDZ91rcgKmIvQOJdW+QIb48ybej01UxMFBgpJcIHiVo/5G7E+ij5q3oAuGRqeZbBeAPt3VT2rwvs6+IMEAg==",
	"safe 3600 NS ns.net.",
	"safe 3600 DS 1 13 2 0123456789012345678901234567890123456789012345678901234567890123",
	"safe 3600 RRSIG DS 15 3 3600 20261201000000 20251201000000 40897 example.com. "
	"pWxYc91reP0qDcN2XfYJQPCgFxRM3xu8xb6paELZ1jmfLOq+keqrGUCr4crpCNZPrSVTwR2hQZuj/HfKW65WCw==",
	"safe 300 NSEC sub.example.com. NS DS RRSIG NSEC",
	"safe 300 RRSIG NSEC 15 3 300 20261201000000 20251201000000 40897 example.com. "
	"HVP6myt9QCRizAsRns0LsMQGxxArOctyba3cmee0dOWO1eKg6zekNXk8BI0lPAu2Wsjyjbv6e8UF8up4tWNSCg==",
	"sub 3600 NS ns.sub.example.com.",
	"sub 300 NSEC *.wild.example.com. NS RRSIG NSEC",
	"sub 300 RRSIG NSEC 15 3 300 20261201000000 20251201000000 40897 example.com. "
	"iBaBfMkYpAvZ9DyV5sxYG/vI0Ubwh/yOhgHicIvG8rb0AXIUsNyZe8okIjdzMvJMpChI4fFKYnjUNshQdWUCDw==",
	"ns.sub 3600 A 192.0.2.3",
	"*.wild 3600 A 192.0.2.2",
	"*.wild 3600 RRSIG A 15 3 3600 20261201000000 20251201000000 40897 example.com. "
	"NcmuecJdMJneFdNH1nTTdf5TP2thd96avjGAg1hDzKLsoqAIRRLWX8q9g8wPqdCIs1X+hno/eEhMrhpYbSawDw==",
	"*.wild 300 NSEC example.com. A RRSIG NSEC",
	"*.wild 300 RRSIG NSEC 15 3 300 20261201000000 20251201000000 40897 example.com. "
	"8XJmzmxv9YHahtqH+16y0xIgXN5tIb9FxhW+lPSTQObTVHD5sWNqNoNzEm09O4+b3NrD0ekRVQGNhWplhJFjBQ==",
	NULL,
};

static const char *const with_nsec3[] = {
	"@ 3600 SOA ns.example.com. hostmaster.example.com. 7 3600 900 604800 300",
	"@ 3600 RRSIG SOA 15 2 3600 20261201000000 20251201000000 40897 example.com. "
	"W+jKC+ugkTvivDwCADx0ARVarOEttVlMyvpIDGaTypjohO1TubSdML9eMyfsOKkJBSpZyqjCokMV/OXGuh8FBg==",
	"@ 3600 NS ns.example.com.",
	"@ 3600 RRSIG NS 15 2 3600 20261201000000 20251201000000 40897 example.com. "
	"3nf/IiYE/jOopKIuJj37ek3+6OXJGUm5wEDhjBAcxXe/7qcws72pMtUvkQnQQMqjMTC/9pzQiOJ1QMrznvkuDw==",
	"@ 3600 DNSKEY 257 3 15 K5cCNdqV7mrCLVGnoCuMzgOR+f/0BWAdbpKHEM/ATP0=",
	"@ 3600 RRSIG DNSKEY 15 2 3600 20261201000000 20251201000000 40897 example.com. "
	"vDh3AUfG57/NKf3i10+qMHO0sfjsLAb3zy2nSWLpByYEcVn3fUaPSG85KGgZ3kS4GDJc3WwHAD7IvGZ+t1iSDQ==",
	"@ 3600 NSEC3PARAM 1 0 0 aabb",
	"@ 3600 RRSIG NSEC3PARAM 15 2 3600 20261201000000 20251201000000 40897 example.com. "
	"IYzkgiV2kh+5KJPZHXzmojvQs3OETwG7o9j94VTRaFZreJ25sTpK0hD3erSl8oKXT6akyE+63AvdTyG0rRokCw==",
	"0sc7qshrek878fcmnag1u0ooenstf0rp 300 NSEC3 1 0 0 aabb 141mac44c0ncn48ube8sc3a8j9qughj7 NS "
	"SOA RRSIG DNSKEY NSEC3PARAM",
	"0sc7qshrek878fcmnag1u0ooenstf0rp 300 RRSIG NSEC3 15 3 300 20261201000000 20251201000000 "
	"40897 example.com. "
	"N3fGcQMOU2Lo5mDmkhVa+RjyLqrcmhzkEFCAPK6GcKJ3wc7OjWDeYwDD9qSPhkmwASdiomKfIoC1htC22M1MAQ==",
	"0gs41gfp24pgra9i8juor2ked42f7k2f 300 NSEC3 1 0 0 aabb 0sc7qshrek878fcmnag1u0ooenstf0rp",
	"0gs41gfp24pgra9i8juor2ked42f7k2f 300 RRSIG NSEC3 15 3 300 20261201000000 20251201000000 "
	"40897 example.com. "
	"jW4YFbE0wJTDfFK3+x+58eRMOuQrp8WkwSRrN6u7k2ICGdPGhyMDGrD6B9Sb0hrulOYWrZMxI5ySDvIBYxU9Bg==",
	"a.deep 3600 TXT \"x\"",
	"a.deep 3600 RRSIG TXT 15 4 3600 20261201000000 20251201000000 40897 example.com. "
	"cH4VgNIEdmtGl62peZ7v1mrIWgDToZ4Eh8znx6OTDKhHWyy5JFKvQF3Xhdo75AMd7ll2n7fHvMorJH7f7cO3BQ==",
	"eucm0tj3ccq3grerq6eavl8l2atfnitt 300 NSEC3 1 0 0 aabb vnq92of94mk6le1vpsmhgcnmpjcoloil "
	"TXT RRSIG",
	"eucm0tj3ccq3grerq6eavl8l2atfnitt 300 RRSIG NSEC3 15 3 300 20261201000000 20251201000000 "
	"40897 example.com. "
	"TOkZFfPcTbz43zVlu4x1YK6Zoapvs+hmQZX2ZqO2Sd9KCst5IVHVLEA2JLU3U0+8+0S+eWmwOzijJAoJpatvDQ==",
	"ns 3600 A 192.0.2.1",
	"ns 3600 RRSIG A 15 3 3600 20261201000000 20251201000000 40897 example.com. "
	"U7d2aZmWysi41cZZUIpQq1mak7U3X9W2WTUlV4cusPfbsOT5ZhCvYDbxwpX5BSVgxsxRyW+WsoD07smY3nXnDQ==",
	"d4mp294kjqii7lp0idqtb63eabjgtle1 300 NSEC3 1 0 0 aabb dk12s7koa7ccpv5skgtgjbn49h3dn3nf A "
	"RRSIG",
	"d4mp294kjqii7lp0idqtb63eabjgtle1 300 RRSIG NSEC3 15 3 300 20261201000000 20251201000000 "
	"40897 example.com. "
	"uaRR+tZFgeUNnyy0pwEOWlzv/SrK58p+ftIkB+Oz6tgbkDmlIMdqRZ8XNBACuHhd57O/4N3karVqfPPIlYVFDQ==",
	"safe 3600 NS ns.net.",
	"safe 3600 DS 1 13 2 0123456789012345678901234567890123456789012345678901234567890123",
	"safe 3600 RRSIG DS 15 3 3600 20261201000000 20251201000000 40897 example.com. "
	"pWxYc91reP0qDcN2XfYJQPCgFxRM3xu8xb6paELZ1jmfLOq+keqrGUCr4crpCNZPrSVTwR2hQZuj/HfKW65WCw==",
	"5ocj8mobaa5uslkct5imhjjp9lvhqeen 300 NSEC3 1 0 0 aabb d4mp294kjqii7lp0idqtb63eabjgtle1 NS "
	"DS RRSIG",
	"5ocj8mobaa5uslkct5imhjjp9lvhqeen 300 RRSIG NSEC3 15 3 300 20261201000000 20251201000000 "
	"40897 example.com. "
	"5w9wQx7bkwwZ7Jyu/BJWwfrMAonpONrG/7EwGMMhgB8HXK+R0XxUHN54KlrF6ilMCUGfUio08AcQL1Iroyk2BA==",
	"sub 3600 NS ns.sub.example.com.",
	"vnq92of94mk6le1vpsmhgcnmpjcoloil 300 NSEC3 1 0 0 aabb 0gs41gfp24pgra9i8juor2ked42f7k2f NS",
	"vnq92of94mk6le1vpsmhgcnmpjcoloil 300 RRSIG NSEC3 15 3 300 20261201000000 20251201000000 "
	"40897 example.com. "
	"lZxjF2SkDCZkFXUnrziA/OqHtwr4oLUOYftP/XTdF6mpq+Sbu1rWV7+hbZvytiTMPRFiVYtPP/5bxV8js7c4AQ==",
	"ns.sub 3600 A 192.0.2.3",
	"dk12s7koa7ccpv5skgtgjbn49h3dn3nf 300 NSEC3 1 0 0 aabb eucm0tj3ccq3grerq6eavl8l2atfnitt",
	"dk12s7koa7ccpv5skgtgjbn49h3dn3nf 300 RRSIG NSEC3 15 3 300 20261201000000 20251201000000 "
	"40897 example.com. "
	"utoG9Jn3pLUEFT2O5bvXHGgAs9QgP4ofPqVgx8O4Ifz+ow5fx2yxekf6cCyptx05QgrgrZ3d1rk/lpfpbB8ZBA==",
	"*.wild 3600 A 192.0.2.2",
	"*.wild 3600 RRSIG A 15 3 3600 20261201000000 20251201000000 40897 example.com. "
	"NcmuecJdMJneFdNH1nTTdf5TP2thd96avjGAg1hDzKLsoqAIRRLWX8q9g8wPqdCIs1X+hno/eEhMrhpYbSawDw==",
	"141mac44c0ncn48ube8sc3a8j9qughj7 300 NSEC3 1 0 0 aabb 5ocj8mobaa5uslkct5imhjjp9lvhqeen A "
	"RRSIG",
	"141mac44c0ncn48ube8sc3a8j9qughj7 300 RRSIG NSEC3 15 3 300 20261201000000 20251201000000 "
	"40897 example.com. "
	"Y6RukG+zkdcXPxW8vmzQuZZojJ/auA9SQ4mwgC94dAMABSRdOTt8CS05NPIx6xE4zvgJnDUCTBdG9gnhrCEtCA==",
	NULL,
};

static const char *const with_opt_out[] = {
	"@ 3600 SOA ns.example.com. hostmaster.example.com. 7 3600 900 604800 300",
	"@ 3600 RRSIG SOA 15 2 3600 20261201000000 20251201000000 40897 example.com. "
	"W+jKC+ugkTvivDwCADx0ARVarOEttVlMyvpIDGaTypjohO1TubSdML9eMyfsOKkJBSpZyqjCokMV/OXGuh8FBg==",
	"@ 3600 NS ns.example.com.",
	"@ 3600 RRSIG NS 15 2 3600 20261201000000 20251201000000 40897 example.com. "
	"3nf/IiYE/jOopKIuJj37ek3+6OXJGUm5wEDhjBAcxXe/7qcws72pMtUvkQnQQMqjMTC/9pzQiOJ1QMrznvkuDw==",
	"@ 3600 DNSKEY 257 3 15 K5cCNdqV7mrCLVGnoCuMzgOR+f/0BWAdbpKHEM/ATP0=",
	"@ 3600 RRSIG DNSKEY 15 2 3600 20261201000000 20251201000000 40897 example.com. "
	"vDh3AUfG57/NKf3i10+qMHO0sfjsLAb3zy2nSWLpByYEcVn3fUaPSG85KGgZ3kS4GDJc3WwHAD7IvGZ+t1iSDQ==",
	"@ 3600 NSEC3PARAM 1 0 0 aabb",
	"@ 3600 RRSIG NSEC3PARAM 15 2 3600 20261201000000 20251201000000 40897 example.com. "
	"IYzkgiV2kh+5KJPZHXzmojvQs3OETwG7o9j94VTRaFZreJ25sTpK0hD3erSl8oKXT6akyE+63AvdTyG0rRokCw==",
	"0sc7qshrek878fcmnag1u0ooenstf0rp 300 NSEC3 1 1 0 aabb 141mac44c0ncn48ube8sc3a8j9qughj7 NS "
	"SOA RRSIG DNSKEY NSEC3PARAM",
	"0sc7qshrek878fcmnag1u0ooenstf0rp 300 RRSIG NSEC3 15 3 300 20261201000000 20251201000000 "
	"40897 example.com. "
	"a/72a6tTCUdsbYlyDUglWPEUVUGWVmqDZi9WCzWiFRvrNXuQy47xIBBapChNcRZQIxMtCKM41uTEnSq3Og8YBQ==",
	"0gs41gfp24pgra9i8juor2ked42f7k2f 300 NSEC3 1 1 0 aabb 0sc7qshrek878fcmnag1u0ooenstf0rp",
	"0gs41gfp24pgra9i8juor2ked42f7k2f 300 RRSIG NSEC3 15 3 300 20261201000000 20251201000000 "
	"40897 example.com. "
	"0BT24QROiR61zyW/yyXkj4IZqMT5TkN8kDnJYO8hbnweGvLCqn0YWNCfiwXjXGdwJVeSLVsMgQNu+mZizqJ9Dw==",
	"a.deep 3600 TXT \"x\"",
	"a.deep 3600 RRSIG TXT 15 4 3600 20261201000000 20251201000000 40897 example.com. "
	"cH4VgNIEdmtGl62peZ7v1mrIWgDToZ4Eh8znx6OTDKhHWyy5JFKvQF3Xhdo75AMd7ll2n7fHvMorJH7f7cO3BQ==",
	"eucm0tj3ccq3grerq6eavl8l2atfnitt 300 NSEC3 1 1 0 aabb vnq92of94mk6le1vpsmhgcnmpjcoloil "
	"TXT RRSIG",
	"eucm0tj3ccq3grerq6eavl8l2atfnitt 300 RRSIG NSEC3 15 3 300 20261201000000 20251201000000 "
	"40897 example.com. "
	"ZQC8p5oKijpKcOshqHMvvQnXDGWXqVDBOLYqoI8Hgi1O9NglAAxMHDYOBk/DSsecP6Fv7cpU0sjD/2GprI8rBQ==",
	"ns 3600 A 192.0.2.1",
	"ns 3600 RRSIG A 15 3 3600 20261201000000 20251201000000 40897 example.com. "
	"U7d2aZmWysi41cZZUIpQq1mak7U3X9W2WTUlV4cusPfbsOT5ZhCvYDbxwpX5BSVgxsxRyW+WsoD07smY3nXnDQ==",
	"d4mp294kjqii7lp0idqtb63eabjgtle1 300 NSEC3 1 1 0 aabb dk12s7koa7ccpv5skgtgjbn49h3dn3nf A "
	"RRSIG",
	"d4mp294kjqii7lp0idqtb63eabjgtle1 300 RRSIG NSEC3 15 3 300 20261201000000 20251201000000 "
	"40897 example.com. "
	"8R3W2L/c6llsaSce4No4rGfCTGmZjkeqvFyRW/79VLZK37GcLUj4JkUqFCSRyP2cRhw+DEEZgkfZ9KFY0ngzCA==",
	"safe 3600 NS ns.net.",
	"safe 3600 DS 1 13 2 0123456789012345678901234567890123456789012345678901234567890123",
	"safe 3600 RRSIG DS 15 3 3600 20261201000000 20251201000000 40897 example.com. "
	"pWxYc91reP0qDcN2XfYJQPCgFxRM3xu8xb6paELZ1jmfLOq+keqrGUCr4crpCNZPrSVTwR2hQZuj/HfKW65WCw==",
	"5ocj8mobaa5uslkct5imhjjp9lvhqeen 300 NSEC3 1 1 0 aabb d4mp294kjqii7lp0idqtb63eabjgtle1 NS "
	"DS RRSIG",
	"5ocj8mobaa5uslkct5imhjjp9lvhqeen 300 RRSIG NSEC3 15 3 300 20261201000000 20251201000000 "
	"40897 example.com. "
	"20u/Bk3+xgP+1m4fJPBlWxeIMAYYalk6LxkSTMXJ2yJ3UeXev/76yP+njBSl/hYS4Wn6Rrk6LoM9qy/aWgmHDg==",
	"sub 3600 NS ns.sub.example.com.",
	"vnq92of94mk6le1vpsmhgcnmpjcoloil 300 NSEC3 1 1 0 aabb 0gs41gfp24pgra9i8juor2ked42f7k2f NS",
	"vnq92of94mk6le1vpsmhgcnmpjcoloil 300 RRSIG NSEC3 15 3 300 20261201000000 20251201000000 "
	"40897 example.com. "
	"JFsgbPmvzyQv5iXXjRQi9GADbBWMoSxUMbh2Vgo3NcDRBpNTFmqfRG++++CU56fKf4a/ZBGIcxwk8vL8Lh3HCQ==",
	"ns.sub 3600 A 192.0.2.3",
	"dk12s7koa7ccpv5skgtgjbn49h3dn3nf 300 NSEC3 1 1 0 aabb eucm0tj3ccq3grerq6eavl8l2atfnitt",
	"dk12s7koa7ccpv5skgtgjbn49h3dn3nf 300 RRSIG NSEC3 15 3 300 20261201000000 20251201000000 "
	"40897 example.com. "
	"OrnZ/XBBzFjnI+u/F4mk8Ch4oElpzFbAV/1X64y1eucZv2zhw0jAoKO/iXa5TpaG0UwprAt62Tuy79kqwIP+Aw==",
	"*.wild 3600 A 192.0.2.2",
	"*.wild 3600 RRSIG A 15 3 3600 20261201000000 20251201000000 40897 example.com. "
	"NcmuecJdMJneFdNH1nTTdf5TP2thd96avjGAg1hDzKLsoqAIRRLWX8q9g8wPqdCIs1X+hno/eEhMrhpYbSawDw==",
	"141mac44c0ncn48ube8sc3a8j9qughj7 300 NSEC3 1 1 0 aabb 5ocj8mobaa5uslkct5imhjjp9lvhqeen A "
	"RRSIG",
	"141mac44c0ncn48ube8sc3a8j9qughj7 300 RRSIG NSEC3 15 3 300 20261201000000 20251201000000 "
	"40897 example.com. "
	"5XVNa99s3uUf3pPurr34x0QRyHJuJXHEaxioIr3VWneEln306L1h2PnvHBVDEZG8pfYm7ztEYr4rbmcl/C2UCQ==",
	NULL,
};

/* All lines but the one numbered @without, and @more behind them. */
static struct zone *load(struct stage *stage, const char *const *lines, int without, const char *more)
{
	AUTO_TEXT text = { 0 };

	for (int i = 0; lines[i]; i++)
		if (i != without)
			text_printf(&text, "%s\n", lines[i]);
	text_puts(&text, more);
	return stage_load(stage, text.data);
}

static void a_sound_zone_is_taken_without_a_word(void **state)
{
	struct stage stage = { 0 };
	struct zone *zone = load(&stage, with_nsec, -1, "");

	assert_string_equal(text_string(&stage.problems), "");
	assert_int_equal(zone->denial, ZONE_NSEC_SIGNED);
	assert_int_equal(zone->ordered_count, 6);
	zone_unref(zone);
	zone = load(&stage, with_nsec3, -1, "");
	assert_string_equal(text_string(&stage.problems), "");
	assert_int_equal(zone->denial, ZONE_NSEC3_SIGNED);
	assert_int_equal(zone->ordered_count, 8);
	zone_unref(zone);
	zone = load(&stage, with_opt_out, -1, "");
	assert_string_equal(text_string(&stage.problems), "");
	zone_unref(zone);
}

static void nothing_can_be_missing(const char *const *lines)
{
	for (int i = 0; lines[i]; i++) {
		struct stage stage = { 0 };
		struct zone *zone = load(&stage, lines, i, "");

		if (zone)
			fail_msg("taken without: %s", lines[i]);
		assert_non_null(strstr(stage.problems.data, ": error: "));
		text_free(&stage.problems);
	}
}

static void a_signed_zone_lacks_no_record(void **state)
{
	nothing_can_be_missing(with_nsec);
	nothing_can_be_missing(with_nsec3);
}

static void what_is_added_unsigned_is_told(void **state)
{
	struct stage stage = { 0 };

	assert_null(load(&stage, with_nsec, -1, "new 60 A 192.0.2.9\n"));
	assert_string_equal(text_string(&stage.problems),
			    "zone:30: error: new.example.com. has no NSEC\n"
			    "zone:30: error: the zone is signed, but no RRSIG covers this A\n");
	assert_null(load(&stage, with_nsec3, -1, "new 60 A 192.0.2.9\n"));
	assert_string_equal(text_string(&stage.problems),
			    "zone:36: error: new.example.com. has no NSEC3\n"
			    "zone:36: error: the zone is signed, but no RRSIG covers this A\n");
	/* What is delegated without a DS may be left out of the chain. */
	assert_null(load(&stage, with_nsec3, -1, "new 60 NS ns.net.\n"));
	struct zone *zone = load(&stage, with_opt_out, -1, "new 60 NS ns.net.\n");

	assert_string_equal(text_string(&stage.problems), "");
	zone_unref(zone);
	text_free(&stage.problems);
}

static void signatures_out_of_their_time_are_told(void **state)
{
	struct dns_name origin = stage_name("example.com.");
	struct stage stage = { 0 };
	AUTO_TEXT text = { 0 };
	struct zone *zone;

	for (int i = 0; with_nsec[i]; i++)
		text_printf(&text, "%s\n", with_nsec[i]);
	struct zone_source source = { .origin = origin.wire,
				      .file = { "zone", text.data, text.length },
				      .now = 1796083201, /* 2026-12-01 00:00:01 */
				      .problem = stage_problem,
				      .data = &stage };

	assert_int_equal(zone_load(&source, &zone), 0);
	assert_non_null(
		strstr(text_string(&stage.problems),
		       "zone:2: warning: this RRSIG of SOA has expired at 2026-12-01 00:00 UTC\n"));
	zone_unref(zone);
	text_free(&stage.problems);
	source.now = 1764547199; /* 2025-11-30 23:59:59 */
	assert_int_equal(zone_load(&source, &zone), 0);
	assert_non_null(strstr(
		text_string(&stage.problems),
		"zone:2: warning: this RRSIG of SOA is valid from 2025-12-01 00:00 UTC only\n"));
	zone_unref(zone);
	text_free(&stage.problems);
}

static void nsec_covers_what_is_not_there(void **state)
{
	static const char *const names[][2] = {
		{ "example.com.", "example.com." },
		{ "a.example.com.", "example.com." },
		{ "deep.example.com.", "example.com." },
		{ "a.deep.example.com.", "a.deep.example.com." },
		{ "b.deep.example.com.", "a.deep.example.com." },
		{ "zzz.example.com.", "*.wild.example.com." },
		{ "x.sub.example.com.", "sub.example.com." },
	};
	struct stage stage = { 0 };
	struct zone *zone = load(&stage, with_nsec, -1, "");
	char text[NAME_TEXT_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_string_equal(
			name_text(zone_nsec(zone, stage_name(names[i][0]).wire)->name, text),
			names[i][1]);
	zone_unref(zone);
}

/* The record that has or covers each hash is the one that a walk over all of them finds. */
static void nsec3_covers_what_is_not_there(void **state)
{
	struct stage stage = { 0 };
	struct zone *zone = load(&stage, with_nsec3, -1, "");

	for (int i = 0; i < 2000; i++) {
		char name[100], label[BASE32_HASH_SIZE];
		const struct zone_node *found, *before = NULL, *last = NULL;
		uint8_t hash[ZONE_HASH_SIZE];
		bool same;

		snprintf(name, sizeof(name), i ? "n%d.example.com." : "example.com.", i);
		zone_nsec3_hash(zone, stage_name(name).wire, hash);
		base32_put(hash, label);
		found = zone_nsec3(zone, hash, &same);
		for (const struct zone_node *node = NULL; (node = zone_node_next(zone, node));) {
			if (!(node->flags & ZONE_NSEC3))
				continue;
			if (!last || memcmp(node->name, last->name, BASE32_HASH_SIZE + 1) > 0)
				last = node;
			if (memcmp(node->name + 1, label, BASE32_HASH_SIZE) <= 0 &&
			    (!before || memcmp(node->name, before->name, BASE32_HASH_SIZE + 1) > 0))
				before = node;
		}
		assert_ptr_equal(found, before ? before : last);
		assert_int_equal(same, i == 0);
	}
	zone_unref(zone);
}

static void owners_of_nsec3_are_no_names(void **state)
{
	struct dns_name name = stage_name("0sc7qshrek878fcmnag1u0ooenstf0rp.example.com.");
	struct stage stage = { 0 };
	struct zone *zone = load(&stage, with_nsec3, -1, "");
	struct zone_match match;

	zone_find(zone, &name, &match);
	assert_null(match.node);
	assert_ptr_equal(match.encloser, zone->apex);
	zone_unref(zone);
}

/* RFC 8976, A.1, with the address @address of ns2. Returns what is told. */
static const char *load_digested(struct stage *stage, const char *address)
{
	struct dns_name origin = stage_name("example.");
	AUTO_TEXT text = { 0 };
	struct zone *zone;

	text_printf(
		&text,
		"@ 86400 SOA ns1 admin 2018031900 1800 900 604800 86400\n"
		"@ 86400 NS ns1\n@ 86400 NS ns2\n"
		"@ 86400 ZONEMD 2018031900 1 1 ( c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3\n"
		" a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730044c )\n"
		"NS1 3600 A 203.0.113.63\nns2 3600 AAAA %s\n",
		address);
	struct zone_source source = { .origin = origin.wire,
				      .file = { "zone", text.data, text.length },
				      .problem = stage_problem,
				      .data = stage };

	text_free(&stage->problems);
	if (zone_load(&source, &zone) == 0)
		zone_unref(zone);
	return text_string(&stage->problems);
}

static void a_digest_tells_a_changed_zone(void **state)
{
	struct stage stage = { 0 };

	assert_string_equal(load_digested(&stage, "2001:db8::63"), "");
	assert_string_equal(load_digested(&stage, "2001:db8::64"),
			    "zone:4: error: the zone is not what this digest is of: "
			    "it was changed or cut short\n");
	text_free(&stage.problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_zone_is_taken_without_a_word),
		cmocka_unit_test(a_signed_zone_lacks_no_record),
		cmocka_unit_test(what_is_added_unsigned_is_told),
		cmocka_unit_test(signatures_out_of_their_time_are_told),
		cmocka_unit_test(nsec_covers_what_is_not_there),
		cmocka_unit_test(nsec3_covers_what_is_not_there),
		cmocka_unit_test(owners_of_nsec3_are_no_names),
		cmocka_unit_test(a_digest_tells_a_changed_zone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
