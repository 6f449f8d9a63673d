# SPDX-License-Identifier: LGPL-2.1-or-later
"""Turns as callers speak them, for bench/endpoint.c: what is said, in which
pieces, by whom. See docs/endpointing.md."""
import array
import audioop
import math
import os
import random
import subprocess
import wave

RATE = 8000

# A "|" is where the speaker stops and thinks, for PAUSE. The rules were written
# with the split "known" at hand; "held" has other phrases and other voices: its
# single turns were not looked at, its totals were.
PHRASES = {
    ("en", "known"): [
        "I would like to book a table for two on Friday evening",
        "I want to change my appointment",
        "can you tell me what time you close on Saturday",
        "I'm calling about the invoice you sent me last week",
        "the delivery never arrived",
        "could I speak to somebody in sales please",
        "it was charged twice on my credit card",
        "do you have anything earlier than that",
        "that sounds good", "that's all thank you", "tomorrow morning",
        "the second one", "nothing else", "in the afternoon please",
        "Baker", "Thursday", "next week", "a large one", "at half past three",
        "on the fifth of march", "my name is John Baker",
        "I would like to book a table and | I have a dog with me",
        "my number is | five five five | zero one two | three four five six",
        "it's five five five | zero one four two | double seven eight",
        "my order number is | four seven one | nine nine two",
        "I need to um | change the delivery address",
        "I was wondering if | you could send it again",
        "can I come on Monday or | maybe Tuesday",
        "the address is | seventeen maple street",
        "I'd like the | the blue one please",
        "well uh | it broke last night",
        "I want to fly from Boston to | Chicago on Monday",
        "my email is | john at example dot com",
        "let me see | it's the fourteenth of june",
        "my zip code is | nine seven two | zero one",
        "I called yesterday but | nobody answered",
        "it's for my wife and | my two children",
        "I think it was because | the card had expired",
        "we are four people | and a baby",
        "when I turn it on | nothing happens",
        "if it's possible | I would come an hour later",
        "I paid in cash | last Thursday",
        "he said he would call back | but he never did",
        "I have a question about my | my last bill",
        "the parcel was left | at my neighbour's",
        "we wanted to eat outside | so we took the other table",
        "yes but | only after six",
        "no I meant | the one on the left",
        "I'd need two nights | maybe three",
        "my last name is | Baker",
        "her date of birth is | the second of may",
        "the serial number is | four oh | seven one | two two",
        "so basically | I can't log in",
        "I ordered it | three weeks ago",
        "do you also | deliver on Sundays",
        "what happens if | I come too late",
        "I'm looking for something | a bit cheaper",
        "it's number | forty two",
        "I can do Tuesday | or Thursday",
    ],
    ("en", "held"): [
        "I'd like to cancel my reservation for tonight",
        "where can I park my car",
        "is there a train before noon",
        "my suitcase did not come out at the airport",
        "I just want to know how much it costs",
        "please send me a copy of the contract",
        "we have been waiting for an hour",
        "what do I need to bring with me",
        "that's fine", "no that's everything thanks", "this evening",
        "the first one", "not really", "in cash please", "Miller", "Sunday",
        "next month", "a small one", "around ten o'clock",
        "the twenty third of october", "this is Mary Miller",
        "I would like a room with a bath and | a view of the lake",
        "you can reach me at | four one five | seven seven one | "
        "two zero zero nine",
        "it is six four six | five five five | oh one nine nine",
        "the reference is | eight two | four four | one nine",
        "I uh | lost my key yesterday",
        "could you check whether | it has been paid",
        "either on Wednesday or | on Thursday morning",
        "I live at | forty two garden road",
        "it's a | a kind of adapter",
        "hold on | it's in the blue folder",
        "we drive from Leeds to | Manchester every day",
        "write to me at | mary at example dot org",
        "I was born on | the third of april",
        "the code is | three three | nine one",
        "I tried it twice but | the light stays red",
        "I need it for my office and | for the house",
        "I could not come because | my son was ill",
        "there are two cars | and a trailer",
        "after I had paid | the page went blank",
        "as far as I know | it was sent on Monday",
        "she opened the box | in front of the driver",
        "they told me to wait | so I waited",
        "it's about your | your offer from last week",
    ],
    ("de", "known"): [
        "ich möchte einen Termin vereinbaren",
        "können Sie mir sagen wann Sie öffnen",
        "am dritten Mai um zehn Uhr", "ja gerne", "Montag",
        "ich hätte gern einen Tisch für zwei und | einen Kinderstuhl",
        "meine Nummer ist | null eins sieben sechs | vier fünf sechs | "
        "sieben acht neun",
        "ich wollte ähm | meine Adresse ändern",
        "ich komme am Montag oder | am Dienstag",
        "das Gerät geht an | aber es passiert nichts",
    ],
    ("es", "known"): [
        "quiero cambiar mi cita", "a qué hora abren los sábados",
        "el cinco de marzo", "sí claro", "mañana por la tarde",
        "quisiera una mesa para dos y | una silla para el niño",
        "mi número es | seis uno dos | tres cuatro cinco | seis siete ocho",
        "necesito este | cambiar la dirección",
        "puedo ir el lunes o | el martes",
        "llamé ayer pero | nadie contestó",
    ],
    ("fr", "known"): [
        "je voudrais annuler ma réservation", "le douze juin", "non merci",
        "où est-ce que je peux me garer", "vendredi soir",
        "je cherche un cadeau pour | ma mère",
        "mon nom c'est | Martin", "le colis est arrivé mais | il est vide",
        "c'est le zéro un | quarante-deux | dix-huit | trente | vingt et un",
        "je ne sais pas si | vous pouvez m'aider",
        "quand je l'allume | il ne se passe rien",
    ],
    ("it", "known"): [
        "vorrei cancellare la prenotazione", "il dodici giugno", "no grazie",
        "dove posso parcheggiare", "venerdì sera",
        "cerco un regalo per | mia madre", "mi chiamo | Rossi",
        "il pacco è arrivato ma | è vuoto",
        "il codice è | tre tre | nove uno",
        "non so se | mi può aiutare", "quando lo accendo | non succede niente",
    ],
    ("nl", "known"): [
        "ik wil mijn reservering annuleren", "twaalf juni", "nee dank u",
        "waar kan ik parkeren", "vrijdagavond",
        "ik zoek een cadeau voor | mijn moeder", "mijn naam is | De Vries",
        "het pakket is er maar | het is leeg",
        "de code is | drie drie | negen een",
        "ik weet niet of | u mij kunt helpen",
        "als ik hem aanzet | gebeurt er niets",
    ],
    ("pt", "known"): [
        "eu queria cancelar a reserva", "doze de junho", "não obrigado",
        "onde posso estacionar", "sexta à noite",
        "procuro um presente para | a minha mãe", "o meu nome é | Silva",
        "a encomenda chegou mas | está vazia",
        "o código é | três três | nove um",
        "não sei se | me pode ajudar", "quando ligo | não acontece nada",
    ],
    ("fr", "held"): [
        "je voudrais prendre un rendez-vous",
        "à quelle heure est-ce que vous fermez", "le trois mai à dix heures",
        "oui bien sûr", "demain matin",
        "je voudrais une table pour deux et | une chaise pour le petit",
        "mon numéro c'est le | zéro six | douze | trente-quatre | "
        "cinquante-six | soixante dix-huit",
        "je voulais euh | changer mon adresse",
        "je peux venir lundi ou | mardi",
        "j'ai appelé hier mais | personne n'a répondu",
    ],
    ("it", "held"): [
        "vorrei prenotare un tavolo per due", "a che ora aprite il sabato",
        "il tre maggio alle dieci", "sì grazie", "domani sera",
        "vorrei una camera con bagno e | un letto per il bambino",
        "il mio numero è | tre quattro sette | uno due tre | "
        "quattro cinque sei sette",
        "volevo ehm | cambiare l'indirizzo",
        "posso venire lunedì o | martedì",
        "ho chiamato ieri ma | non ha risposto nessuno",
    ],
    ("nl", "held"): [
        "ik wil graag een afspraak maken", "hoe laat gaat u open op zaterdag",
        "drie mei om tien uur", "ja graag", "morgenochtend",
        "ik wil graag een tafel voor twee en | een kinderstoel",
        "mijn nummer is | nul zes | een twee drie vier | vijf zes zeven acht",
        "ik wilde uh | mijn adres wijzigen",
        "ik kan maandag of | dinsdag",
        "ik heb gisteren gebeld maar | er nam niemand op",
    ],
    ("pt", "held"): [
        "eu queria marcar uma consulta", "a que horas abrem ao sábado",
        "três de maio às dez horas", "sim claro", "amanhã de manhã",
        "eu queria uma mesa para dois e | uma cadeira para a criança",
        "o meu número é | nove um dois | três quatro cinco | seis sete oito",
        "eu queria hum | mudar a morada",
        "posso ir na segunda ou | na terça",
        "liguei ontem mas | ninguém atendeu",
    ],
}

VOICES = {
    ("en", "known"): ["flite/slt", "flite/rms", "espeak/en-us",
                      "espeak/en-us+f3"],
    ("en", "held"): ["flite/awb", "flite/kal16", "espeak/en-gb+m7",
                     "espeak/en-gb-scotland+f2"],
    ("de", "known"): ["espeak/de", "espeak/de+f2"],
    ("es", "known"): ["espeak/es-419", "espeak/es+f3"],
    ("fr", "known"): ["espeak/fr-be+m3", "espeak/fr-ch+f3"],
    ("it", "known"): ["espeak/it+m3", "espeak/it+f1"],
    ("nl", "known"): ["espeak/nl+m3", "espeak/nl+f1"],
    ("pt", "known"): ["espeak/pt+m3", "espeak/pt-br+f3"],
    ("fr", "held"): ["espeak/fr", "espeak/fr+f2"],
    ("it", "held"): ["espeak/it", "espeak/it+f4"],
    ("nl", "held"): ["espeak/nl", "espeak/nl+f2"],
    ("pt", "held"): ["espeak/pt", "espeak/pt-br+f2"],
}

# People: recorded digits, days and months of Asterisk's prompts, as they are
# strung together; the numbers after "digits/".
PEOPLE = {
    ("en", "known"): ("en_US*", ["zero", "one", "two", "three", "four", "five",
                                 "six", "seven", "eight", "nine"]),
    ("es", "held"): ("es_MX*", ["cero", "uno", "dos", "tres", "cuatro",
                                "cinco", "seis", "siete", "ocho", "nueve"]),
    ("fr", "held"): ("fr_CA*", ["zéro", "un", "deux", "trois", "quatre",
                                "cinq", "six", "sept", "huit", "neuf"]),
    ("it", "held"): ("it_IT*", ["zero", "uno", "due", "tre", "quattro",
                                "cinque", "sei", "sette", "otto", "nove"]),
}
GROUPS = {"en": (3, 3, 4), "es": (3, 3, 3), "fr": (2, 2, 2, 2, 2),
          "it": (3, 3, 4)}

YES_NO = ["yes", "no", "yeah", "nope", "yep"]
YES_NO_VOICES = ["flite/" + v for v in ("slt", "rms", "awb", "kal16")] + [
    "espeak/" + v for v in ("en-us", "en-us+f3", "en-gb", "en-gb+m7",
                            "en-gb-scotland+f2", "en-029+m3")]

# Where interim results of streaming recognisers are: ms after the word's end.
LAG = (200, 300)
# Of pauses: a median of 0.6 s, from 0.25 to 1.5 s.
PAUSE = (0.6, 0.5, 0.25, 1.5)


def synthesise(voice, text, path):
    engine, name = voice.split("/")
    if engine == "flite":
        command = ["flite", "-voice", name, "-t", text, "-o", path]
    else:
        command = ["espeak-ng", "-v", name, "-w", path, text]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def read(path):
    with wave.open(path) as sound:
        return sound.getframerate(), sound.readframes(sound.getnframes())


def write(path, rate, samples):
    with wave.open(path, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(samples)


def to_8khz(folder, sounds):
    """Sounds of one rate, as (rate, samples), resampled in one go."""
    rate = sounds[0][0]
    if rate == RATE:
        return [samples for _, samples in sounds]
    joined = os.path.join(folder, "joined.wav")
    narrow = os.path.join(folder, "narrow.wav")
    write(joined, rate, b"".join(s for _, s in sounds))
    subprocess.run(["gst-launch-1.0", "-q", "filesrc", "location=" + joined,
                    "!", "wavparse", "!", "audioconvert", "!",
                    "audioresample", "quality=8", "!",
                    "audio/x-raw,rate=8000,format=S16LE,channels=1", "!",
                    "wavenc", "!", "filesink", "location=" + narrow],
                   check=True)
    _, samples = read(narrow)
    out, at = [], 0
    for _, sound in sounds:
        end = at + len(sound) // 2
        out.append(samples[at * RATE // rate * 2:end * RATE // rate * 2])
        at = end
    return out


def trim(samples):
    """Without what is 35 dB below the loudest 10 ms, before and behind."""
    frames = [audioop.rms(samples[i:i + 160], 2)
              for i in range(0, len(samples) - 160, 160)]
    least = max(frames) * 10 ** (-35 / 20)
    loud = [i for i, level in enumerate(frames) if level > least]
    return samples[loud[0] * 160:(loud[-1] + 1) * 160]


def to_level(samples, dbfs):
    rms = max(audioop.rms(samples, 2), 1)
    return audioop.mul(samples, 2, 32768 * 10 ** (dbfs / 20) / rms)


class Maker:
    """Makes turns in a folder, the same in each run."""

    def __init__(self, folder):
        self.folder = folder
        self.random = random.Random(2026)
        self.cache = {}
        self.rows = []
        line = random.Random(7)
        self.noise = array.array("h", (int(line.gauss(0, 1000))
                                       for _ in range(20 * RATE))).tobytes()

    def pause(self):
        median, spread, least, most = PAUSE
        while True:
            pause = median * math.exp(self.random.gauss(0, spread))
            if least <= pause <= most:
                return pause

    def speak_all(self, wanted):
        """Fills the cache with (voice, text), a rate at a time."""
        by_rate = {}
        for n, (voice, text) in enumerate(wanted):
            path = os.path.join(self.folder, "piece.wav")
            synthesise(voice, text, path)
            sound = read(path)
            by_rate.setdefault(sound[0], []).append(((voice, text), sound))
        for pieces in by_rate.values():
            narrow = to_8khz(self.folder, [sound for _, sound in pieces])
            for (key, _), samples in zip(pieces, narrow):
                self.cache[key] = trim(samples)

    def over_noise(self, samples, snr):
        start = self.random.randrange(len(self.noise) // 2 - RATE) * 2
        noise = (self.noise[start:] + self.noise * 3)[:len(samples)]
        level = -26 - snr
        return audioop.add(samples, to_level(noise, level), 2)

    def add(self, split, language, voice, kind, pieces):
        """@pieces: of (samples, words)."""
        samples = bytes(int(1.0 * RATE) * 2)
        words = []
        for n, (piece, text) in enumerate(pieces):
            if n > 0:
                samples += bytes(int(self.pause() * RATE) * 2)
            begin = len(samples) // 2
            samples += to_level(piece, -26)
            letters, spoken = 0, text.split()
            for word in spoken:
                letters += len(word) + 1
                end = begin + len(piece) // 2 * letters / (len(text) + 1)
                words.append((int(end * 1000 / RATE), word))
        end_ms = len(samples) * 1000 // (RATE * 2)
        samples += bytes(5 * RATE * 2)
        snr = self.random.choice((45, 45, 20, 15))
        name = "%s-%04d" % (split, len(self.rows))
        write(os.path.join(self.folder, name + ".wav"), RATE,
              self.over_noise(samples, snr))
        told = ["%d:%d:%s" % (at, at + self.random.randint(*LAG), word)
                for at, word in words]
        self.rows.append([name, split, language, kind, voice,
                          str(len(pieces) - 1), str(snr), str(end_ms),
                          " ".join(told)])

    def spoken_turns(self):
        wanted = []
        for key, phrases in PHRASES.items():
            for phrase in phrases:
                for voice in VOICES[key]:
                    wanted.append((key, voice, phrase.split(" | ")))
        self.speak_all([(voice, text + ("," if i < len(parts) - 1 else "."))
                        for _, voice, parts in wanted
                        for i, text in enumerate(parts)])
        for (language, split), voice, parts in wanted:
            last = len(parts) - 1
            self.add(split, language, voice,
                     "pauses" if last else "whole",
                     [(self.cache[voice, text + ("," if i < last else ".")],
                       text) for i, text in enumerate(parts)])

    def digit(self, folder, digit):
        path = os.path.join(folder, "digits", "%d.wav" % digit)
        return trim(read(path)[1])

    def people_turns(self, sounds):
        for (language, split), (pattern, names) in PEOPLE.items():
            folder = sounds(language, pattern)
            for _ in range(15 if folder else 0):
                pieces = []
                for size in GROUPS[language]:
                    digits = [self.random.randrange(10) for _ in range(size)]
                    pieces.append((b"".join(self.digit(folder, d)
                                            for d in digits),
                                   " ".join(names[d] for d in digits)))
                self.add(split, language, "person", "digits", pieces)

    def yes_no_turns(self):
        self.speak_all([(voice, word + ".") for voice in YES_NO_VOICES
                        for word in YES_NO])
        for _ in range(4):
            for voice in YES_NO_VOICES:
                for word in YES_NO:
                    self.add("yes-no", "en", voice, "yes-no",
                             [(self.cache[voice, word + "."], word)])

    def save(self):
        path = os.path.join(self.folder, "turns.tsv")
        with open(path, "w", encoding="utf-8") as out:
            for row in self.rows:
                out.write("\t".join(row) + "\n")
        return path


def make(folder, sounds):
    """Turns in @folder; the path of their list. @sounds: of a language and the
    name of a folder of Asterisk's, where that folder is, or None."""
    os.makedirs(folder, exist_ok=True)
    maker = Maker(folder)
    maker.spoken_turns()
    maker.people_turns(sounds)
    maker.yes_no_turns()
    return maker.save()
