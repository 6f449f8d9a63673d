/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The protocol of turns and replies (docs/turns.md), for spin. tests/model/run
 * checks it; dialogue.c has the states and functions of process Chat by the same
 * names.
 *
 * A turn has up to NK takes. What is said in take k of turn t is one bit, so that
 * a text is a set of bits, and a guess is the part of the turn's text that is
 * known. A reply is two sentences, one chunk of sound each; any sentence may lack
 * its sound. Lanes between processes are channels; none of them keeps its order
 * against another, but that an EOS overtakes nothing.
 *
 * Of size: NT turns, NK takes a turn.
 * What may happen beside:
 *   FAILS     recognition fails for good, or is tried again elsewhere; the model
 *             fails before its first sentence or after it; a voice fails
 *   EARLY     what is heard of a take may be a guess before its text is known,
 *             and may be wrong
 *   ENDS      who recognises says once that a take is the last, of any turn and
 *             take; and of what it has answered, what more there was
 *   KEYS      a key, in a turn of its own
 *   NODS      a turn may be a backchannel: no reason to stop talking
 *   TOOLS     a reply may have an effect before its second sentence
 *   HANGUP    the caller hangs up after his last turn: EOS goes through
 *   STOP      what is being said is stopped, once: by an order, or as time is up
 *   PASSAGES  a reply's first sentence may be an uninterruptible passage
 * Mistakes, to see that they are found: NO_OPEN, NO_ACK, NO_GEN, NO_EPOCH,
 * NO_KEEP, NO_LAST, NO_WITHHOLD, NO_PAIR, NO_STAND
 */
#ifndef NT
#define NT 2
#endif
#ifndef NK
#define NK 2
#endif
#define NE (NT * NK + 4)
#define LAST 2
#define UNKNOWN 9
#define BIT(t, k) (1 << (((t) - 1) * NK + (k) - 1))

mtype = { START, RESUME, TURN_END, KEY, EOS, GUESS, TEXT, EMPTY, SENTENCE,
  REPLY_END, PAUSE, STOP_NOW, UNPAUSE, RELEASE, INTERRUPT, PLAYING, HEARD, ANSWER, DONE,
  CHUNK, CLEAR };
mtype = { NONE, WITHHELD, SUSPENDED, RELEASED, PAUSED };

chan speech = [6] of { mtype, byte, byte, bit };    /* vadendpoint → recogniser:
                                                    * the end of a take */
chan vad_oob = [6] of { mtype, byte, byte };
chan ends = [1] of { byte, byte };                  /* cloudstt ↑ vadendpoint */
chan texts = [6] of { mtype, byte, byte, short };   /* cloudstt → llmchat */
chan stt_oob = [6] of { mtype, byte, byte };
chan sentences = [4] of { mtype, byte };            /* llmchat → cloudtts */
chan chat_oob = [6] of { mtype, byte };
chan audio = [4] of { mtype, byte };                /* cloudtts → mulawsink */
chan tts_oob = [6] of { mtype, byte };
chan reports = [8] of { mtype, byte, byte };        /* mulawsink → llmchat */
chan line = [5] of { mtype, byte, byte, byte };     /* to the far end, with its
                                                    * buffer */
chan echoes = [6] of { byte, byte, byte };

/* What really happened, for the properties. */
short said;                     /* texts of outcomes */
short nods;                     /* of those, backchannels */
short etext[NE];                /* what each epoch answers */
bool may_be_heard[NE];
bool answered[NE];              /* a frame was sent, or there was none */
byte played[NE];
byte known[NE];                 /* chunks that mulawsink knows were played */
byte history[NE];               /* and llmchat */
byte effects[NE];
bool in_passage[NE];            /* its first chunk */
bool stopped[NE];               /* on an order */
byte void_to, paused_epoch;     /* at mulawsink */
bool over;                      /* EOS came to the end */

#ifdef HANGUP
#define ALL_OVER over
#else
#define ALL_OVER 1
#endif

/* vadendpoint */
active proctype Vad ()
{
  byte t = 1, k;
  bit words, pressed;
#ifdef ENDS
  byte of_turn, of_take;
#endif

  do
  :: t <= NT ->
       vad_oob!START, t, 0; k = 1;
take:  if :: words = 1 :: words = 0 fi;
       speech!TEXT, t, k, words;
wait:  if
       :: k < NK -> atomic { vad_oob!RESUME, t, k; k++ }; goto take
#ifdef KEYS
       :: !pressed -> pressed = 1; vad_oob!KEY, NT + 1, 0; goto wait
#endif
#ifdef ENDS
       :: ends?of_turn, of_take ->
            if
            :: of_turn == t && of_take == k ->
                 of_turn = 0; of_take = 0; vad_oob!TURN_END, t, k
            :: else -> of_turn = 0; of_take = 0; goto wait
            fi
#endif
       :: vad_oob!TURN_END, t, k
       fi;
       t++
  :: t > 1 ->
#ifdef HANGUP
       speech!EOS, 0, 0, 0;
#endif
       break
  od
#ifdef ENDS
  ;
end:
  do
  :: ends?of_turn, of_take -> of_turn = 0; of_take = 0
  od
#endif
}

/* cloudstt and its recogniser */
#ifdef NO_KEEP
#define TEXT_OF(t) (failed[t] -> 0 : txt[t])
#else
#define TEXT_OF(t) txt[t]
#endif
inline outcome (t)
{
  said = said | txt[t];
  n_open--;
  if
  :: TEXT_OF (t) ->
       if
       :: texts!TEXT, t, 0, txt[t]
#ifdef NODS
       :: nods = nods | txt[t]; texts!TEXT, t, 1, txt[t]
#endif
       fi
  :: else -> texts!EMPTY, t, 0, 0
  fi
}

active proctype Stt ()
{
  byte t, k, n_open;
  bit w, hung_up;
  mtype m;
  byte got[NT + 1], final[NT + 1], resumed[NT + 1], seen[NT + 1];
  short txt[NT + 1];
  bool failed[NT + 1];
#ifdef EARLY
  byte early[NT + 1];
#endif
#ifdef ENDS
  bit n_ends;
  byte late[NT + 1];            /* a take of which not all was answered */
#endif

end:
  do
  :: atomic { vad_oob?m, t, k ->
       if
       :: m == START -> stt_oob!START, t, 0;
            if :: !seen[t] -> seen[t] = 1; n_open++ :: else fi
       :: m == KEY -> said = said | BIT (t, 1); stt_oob!KEY, t, 0
       :: m == RESUME -> resumed[t] = k; stt_oob!RESUME, t, k
       :: m == TURN_END ->
            if :: !seen[t] -> seen[t] = 1; n_open++ :: else fi;
            final[t] = k;
            if :: got[t] == k -> outcome (t) :: else fi
       fi; m = 0; t = 0; k = 0 }
  :: atomic { speech??[TEXT, _, _, _] ->
       speech??TEXT, t, k, w;
       if :: !seen[t] -> seen[t] = 1; n_open++ :: else fi;
       if
       :: w -> txt[t] = txt[t] | BIT (t, k); got[t] = k
#ifdef FAILS
       :: w -> failed[t] = 1; got[t] = k
#endif
#ifdef ENDS
       :: w && !n_ends -> late[t] = k; got[t] = k
#endif
       :: !w -> got[t] = k
       fi;
       if
       :: final[t] == k -> outcome (t)
       :: final[t] != k && resumed[t] < k && txt[t] && !failed[t] ->
            texts!GUESS, t, k, txt[t]
       :: else
       fi; t = 0; k = 0; w = 0 }
#ifdef ENDS
  /* All that there was, if he has not gone on since; and that it is over. */
  :: atomic { !n_ends && seen[1] ->
       n_ends = 1;
       if :: t = 1 :: t = NT fi;
       if :: k = 1 :: k = NK fi;
       if
       :: late[t] && !final[t] && resumed[t] < late[t] ->
            txt[t] = txt[t] | BIT (t, late[t]);
            texts!GUESS, t, late[t], txt[t]
       :: else
       fi;
       ends!t, k; t = 0; k = 0 }
#endif
#ifdef EARLY
  :: atomic { speech??[TEXT, _, _, _] ->
       speech ?? <TEXT, t, k, w>;
       if
       :: (k > early[t] && got[t] + 1 == k && final[t] != k && k > resumed[t]
            && !failed[t]) ->
            early[t] = k;
            if :: !seen[t] -> seen[t] = 1; n_open++ :: else fi;
            if
            :: texts!GUESS, t, k, (txt[t] | BIT (t, k))
            :: txt[t] -> texts!GUESS, t, k, txt[t]
            fi
       :: else
       fi; t = 0; k = 0; w = 0 }
#endif
  :: atomic { empty (vad_oob) && speech?[EOS, _, _, _] ->
       speech?EOS, _, _, _; hung_up = 1 }
  :: atomic { hung_up && n_open == 0 -> hung_up = 0; texts!EOS, 0, 0, 0 }
  od
}

/* llmchat: dialogue.c. Turns are bits of two sets, texts are sets of bits. */
short opened, closed;
short finals;                   /* texts that were not answered */
byte reply;                     /* epoch; 0: none */
mtype state = NONE;
short reply_text;
byte guess_turn, guess_take;
bool started;
byte ack_wait;                  /* whose pause was not answered; 0: none */
byte unwanted;                  /* to be void then; 0: none */
byte last_epoch;
byte resumed[NT + 2];
byte key;                       /* a turn whose outcome is a key; 0: none */
byte next_sentence;             /* of the reply; 0: no more to come */
bit tool;                       /* it has an effect that was not done */
bool eos_wait;
bool no_orders;                 /* are taken any more */

#define ALL_CLOSED (opened == closed)
#define IS_RELEASED (state == RELEASED || state == PAUSED)
#define IS_WITHHELD (state == WITHHELD || state == SUSPENDED)

inline forget_reply ()
{
  reply = 0; state = NONE; reply_text = 0; guess_turn = 0; guess_take = 0;
  started = 0; next_sentence = 0; tool = 0
}

inline stop_reply () { chat_oob!INTERRUPT, reply; forget_reply () }

inline begin_reply (text, t, k)
{
  last_epoch++;
  reply = last_epoch; reply_text = text; etext[reply] = text;
  guess_turn = t; guess_take = k; state = WITHHELD; next_sentence = 1;
#ifdef TOOLS
  if :: tool = 1 :: tool = 0 fi
#endif
#ifdef PASSAGES
  if :: in_passage[reply] = 1 :: in_passage[reply] = 0 fi
#endif
}

inline release_reply ()
{
  assert (ALL_CLOSED);
  if
  :: IS_WITHHELD ->
       assert ((reply_text & ~said) == 0);
       state = RELEASED; may_be_heard[reply] = 1; chat_oob!RELEASE, reply
  :: else
  fi
}

inline go_on ()
{
  assert (ALL_CLOSED);
  if :: state == PAUSED -> state = RELEASED; chat_oob!UNPAUSE, reply :: else fi
}

inline commit_finals () { finals = finals & ~reply_text }

inline settle ()
{
  if
  :: finals == 0 && IS_WITHHELD -> stop_reply ()
  :: finals == 0 && IS_RELEASED -> go_on ()
  :: finals == 0 && state == NONE
  :: finals && reply && reply_text == finals && !started ->
       guess_turn = 0; release_reply (); go_on ()
  :: finals && !(reply && reply_text == finals && !started) ->
       if :: reply -> stop_reply () :: else fi;
       begin_reply (finals, 0, 0); release_reply ()
  fi
}

#ifdef NO_ACK
#define PAUSES ack_wait = 0
#else
#define PAUSES ack_wait = reply
#endif
inline open_turn (t)
{
  if
  :: !(opened & (1 << t)) ->
       opened = opened | (1 << t);
       if
       :: state == RELEASED -> state = PAUSED; PAUSES; chat_oob!PAUSE, reply
       :: else
       fi
  :: else
  fi
}

/* After the answer to its pause. The words that it answers are not answered
 * again. */
inline drop_unwanted ()
{
  if
  :: unwanted && unwanted == reply ->
       if :: !started -> commit_finals (); answered[reply] = 1 :: else fi;
       stop_reply ()
  :: else
  fi;
  unwanted = 0
}

/* A pause that was sent may wait for the end of a passage. */
inline stop ()
{
  unwanted = reply; stopped[reply] = 1;
  if
  :: state == RELEASED || ack_wait ->
       state = PAUSED; ack_wait = reply; chat_oob!STOP_NOW, reply
  :: else -> drop_unwanted ()
  fi
}

#ifdef NO_PAIR
#define IS_ANSWERED(m, e) (m == ANSWER)
#else
#define IS_ANSWERED(m, e) (m == ANSWER && e == ack_wait)
#endif

inline handle_outcome (t, text)
{
  finals = finals | (text);
  closed = closed | (1 << t);
  if :: ALL_CLOSED -> settle () :: else fi
}

inline handle_guess (t, k, text)
{
  if
  :: k <= resumed[t] || opened != (closed | (1 << t)) || (closed & (1 << t))
  :: else ->
       if
       :: reply && !started && reply_text == (finals | text) ->
            if
            :: guess_turn == t && guess_take < k ->
                 guess_take = k; state = WITHHELD         /* carried over */
            :: else
            fi
       :: else ->
            if
            :: skip                                /* not worth a request */
            :: last_epoch < NE - 3 ->
                 if :: reply -> stop_reply () :: else fi;
                 begin_reply (finals | text, t, k)
            fi
       fi
  fi
}

/* A backchannel counts as nothing said while there is something to go on
 * with. */
#define IS_NOD (k && state == PAUSED && started)
inline handle (m, t, k, text)
{
  if
  :: m == GUESS -> handle_guess (t, k, text)
  :: m == TEXT && IS_NOD -> handle_outcome (t, 0)
  :: m == TEXT && !IS_NOD -> nods = nods & ~text; handle_outcome (t, text)
  :: m == EMPTY -> handle_outcome (t, 0)
  :: m == EOS -> eos_wait = 1; no_orders = 1
  fi
}

inline resume_turn (t, k)
{
  resumed[t] = k;
  if
  :: guess_turn == t && guess_take <= k && state == WITHHELD ->
       state = SUSPENDED
  :: else
  fi
}

inline report (m, t, x)
{
  if
  :: m == PLAYING ->
       if
       :: t == reply && !started -> commit_finals (); started = 1
       :: else
       fi
  :: else ->
       if
       :: x != UNKNOWN ->
            /* The request of a later reply was made with another history. */
            assert (!(t < last_epoch && reply != t && x != history[t]));
            history[t] = x
       :: else
       fi;
       if :: IS_ANSWERED (m, t) -> ack_wait = 0 :: else fi;
       if
       :: m == DONE && t == reply ->
            if :: !started -> commit_finals () :: else fi;
            forget_reply ()
       :: else
       fi;
       if :: !ack_wait -> drop_unwanted () :: else fi
  fi
}

/* A withheld reply is made up to its first sentence; none while suspended. */
#define MAY_GO_ON (next_sentence && next_sentence <= LAST \
    && !(tool && next_sentence > 1) \
    && (IS_RELEASED || (state == WITHHELD && next_sentence == 1)))
#define MAY_END (state != SUSPENDED)
#ifdef NO_WITHHOLD
#define MAY_ACT 1
#else
#define MAY_ACT IS_RELEASED
#endif

active proctype Chat ()
{
  byte t, k;
  short x;
  mtype m;
  bool named;                   /* the first of texts has opened its turn */

end:
  do
#ifndef NO_OPEN
  :: atomic { nempty (texts) && !named ->
       texts?<m, t, k, x>;
       if :: m != EOS -> open_turn (t) :: else fi;
       named = 1; m = 0; t = 0; k = 0; x = 0 }
#define NAMED named
#else
#define NAMED 1
#endif
  :: atomic { stt_oob?m, t, k ->
       open_turn (t);
       if
       :: m == RESUME -> resume_turn (t, k)
       :: m == KEY -> key = t
       :: else
       fi; m = 0; t = 0; k = 0 }
  :: atomic { key && !ack_wait ->
       t = key; key = 0; handle_outcome (t, BIT (t, 1)); t = 0 }
  :: atomic { !ack_wait && NAMED && nempty (texts) &&
       (!texts?[EOS, _, _, _] || empty (stt_oob)) ->
       texts?m, t, k, x; named = 0;
#ifdef NO_OPEN
       if :: m != EOS -> opened = opened | (1 << t) :: else fi;
#endif
       handle (m, t, k, x); m = 0; t = 0; k = 0; x = 0 }
  :: atomic { reports?m, t, k -> report (m, t, k); m = 0; t = 0; k = 0 }
  /* The model answers. */
  :: atomic { MAY_GO_ON && nfull (sentences) ->
       if
       :: sentences!SENTENCE, reply; next_sentence++
#ifdef FAILS
       :: next_sentence <= LAST && guess_turn == 0 -> next_sentence = LAST + 1
#endif
       fi }
#ifdef FAILS
  :: atomic { guess_turn && next_sentence == 1 -> stop_reply () }
#endif
  :: atomic { next_sentence == LAST + 1 && !tool && MAY_END &&
       nfull (sentences) -> sentences!REPLY_END, reply; next_sentence = 0 }
  :: atomic { tool && next_sentence > 1 && MAY_ACT ->
       tool = 0; effects[reply]++; assert (may_be_heard[reply]) }
#ifdef STOP
  :: atomic { !no_orders && IS_RELEASED -> no_orders = 1; stop () }
#endif
  :: atomic { eos_wait && !ack_wait && !key && !next_sentence ->
       eos_wait = 0; sentences!EOS, 0 }
  od
}

/* cloudtts. A flush takes what is on its way to mulawsink, if all of it is
 * void. */
#ifdef NO_LAST
#define FLUSHES 1
#else
#define FLUSHES (last <= e)
#endif
active proctype Tts ()
{
  byte e, d, own_void, last;
  mtype m;

end:
  do
  :: atomic { chat_oob?m, e ->
       if
       :: m == INTERRUPT ->
            own_void = e;
            if
            :: FLUSHES -> do :: audio?_, d :: empty (audio) -> break od
            :: else
            fi
       :: else
       fi;
       tts_oob!m, e; m = 0; e = 0; d = 0 }
  :: atomic { nempty (sentences) && nfull (audio) &&
       (!sentences?[EOS, _] || empty (chat_oob)) ->
       sentences?m, e;
       if
       :: m != EOS && e <= own_void
       :: m == EOS || e > own_void -> last = (m == EOS -> last : e); audio!m, e
#ifdef FAILS
       :: m == SENTENCE && e > own_void                 /* no sound of it */
#endif
       fi; m = 0; e = 0 }
  od
}

/* mulawsink */
#ifdef NO_EPOCH
#define IS_PAUSED(e) (paused_epoch != 0)
#else
#define IS_PAUSED(e) (paused_epoch == (e))
#endif
#define MAY_PLAY (released && released == epoch && epoch > void_to \
    && !IS_PAUSED (epoch))

inline clear () { line!CLEAR, 0, 0, 0; sent = heard; clears++ }

/* A passage that was begun is heard to its end; nothing behind it is sent while
 * a pause stands. */
#ifdef NO_STAND
#define IN_PASSAGE(e) 0
#else
#define IN_PASSAGE(e) (e == epoch && epoch > void_to && in_passage[epoch] \
    && sent > 0 && heard == 0)
#endif

inline pause (e)
{
  standing = 0; paused_epoch = e;
  if :: sent > heard && epoch > void_to -> clear () :: else fi;
  if
  :: e == epoch -> reports!ANSWER, e, heard
  :: else -> reports!ANSWER, e, UNKNOWN       /* it is over, or did not begin */
  fi
}

active proctype Sink ()
{
  byte e, i, c, epoch, queued, sent, heard, released, clears;
  bool ended, told, eos, standing;
  mtype m;

end:
  do
  :: atomic { tts_oob?m, e ->
       if
       :: m == RELEASE -> released = e
       :: m == PAUSE && IN_PASSAGE (e) -> standing = 1
       :: m == STOP_NOW || (m == PAUSE && !(IN_PASSAGE (e))) -> pause (e)
       :: m == UNPAUSE -> paused_epoch = 0
       :: m == INTERRUPT ->
            void_to = e;
#ifndef NO_EPOCH
            if :: paused_epoch <= e -> paused_epoch = 0 :: else fi
#endif
       fi; m = 0; e = 0 }
  :: atomic { nempty (audio) && (!audio?[EOS, _] || empty (tts_oob)) ->
       audio?m, e;
       if
       :: m == EOS -> eos = 1
       :: m != EOS && e > void_to ->
            if
            :: e != epoch ->
                 epoch = e; queued = 0; sent = 0; heard = 0; ended = 0; told = 0
            :: else
            fi;
            if :: m == SENTENCE -> queued++ :: else -> ended = 1 fi
       :: else
       fi; m = 0; e = 0 }
  :: atomic { MAY_PLAY && queued > sent && !(standing && sent > 0) &&
       len (line) < 3 ->
       sent++; line!CHUNK, epoch, sent, clears;
       if
       :: !answered[epoch] -> answered[epoch] = 1; reports!PLAYING, epoch, 0
       :: else
       fi }
  :: atomic { MAY_PLAY && ended && heard == queued && !told && !standing ->
       told = 1; answered[epoch] = 1; reports!DONE, epoch, heard }
  :: atomic { echoes?e, i, c ->
       if
#ifdef NO_GEN
       :: e == epoch && e > void_to && i > heard && i <= sent ->
#else
       :: e == epoch && e > void_to && c == clears && i > heard && i <= sent ->
#endif
            assert (i <= played[e]);
            heard = i; known[e] = i; reports!HEARD, e, i;
            if :: standing -> pause (epoch) :: else fi
       :: else
       fi; e = 0; i = 0; c = 0 }
  :: atomic { eos && !(released == epoch && epoch > void_to && !told) ->
       eos = 0; over = 1 }
  od
}

/* Twilio: plays in order, echoes marks; a clear gives back all before it. */
active proctype Line ()
{
  byte e, i, c;
  mtype m;

end:
  do
  :: atomic { line?m, e, i, c ->
       if
       :: m == CHUNK ->
            assert (may_be_heard[e]);
            assert (line??[CLEAR, _, _, _] || (e > void_to && !IS_PAUSED (e)));
            if :: i > played[e] -> played[e] = i :: else fi;
            echoes!e, i, c
       :: else
       fi; m = 0; e = 0; i = 0; c = 0 }
  :: atomic { line??[CLEAR, _, _, _] ->
       do
       :: line?m, e, i, c ->
            if
            :: m == CHUNK ->
                 assert (!in_passage[e] || i > 1 || stopped[e]);
                 echoes!e, i, c
            :: else -> break
            fi
       od; m = 0; e = 0; i = 0; c = 0 }
  od
}

/* When nothing moves any more. */
active proctype Monitor ()
{
  byte e, n, b;

  atomic { timeout ->
    assert (empty (speech) && empty (vad_oob) && empty (ends)
        && empty (texts)
        && empty (stt_oob) && empty (sentences) && empty (chat_oob)
        && empty (audio) && empty (tts_oob) && empty (reports)
        && empty (line) && empty (echoes));
    assert (ALL_CLOSED && !ack_wait && !unwanted && !key && !eos_wait);
    assert (reply == 0);        /* nothing is paused, withheld or unfinished */
    assert (ALL_OVER);
    b = 0;
    do
    :: b <= NT * NK ->
         if
         :: said & (1 << b) ->
              n = 0; e = 1;
              do
              :: e < NE ->
                   if
                   :: answered[e] && (etext[e] & (1 << b)) -> n++
                   :: else
                   fi; e++
              :: else -> break
              od;
              /* Answered once, or not at all on purpose. */
              assert (n == ((nods & (1 << b)) -> 0 : 1))
         :: else
         fi; b++
    :: else -> break
    od;
    e = 1;
    do
    :: e < NE ->
         assert (history[e] <= played[e]);
         assert (history[e] == known[e]);
         assert (effects[e] <= 1);
         e++
    :: else -> break
    od }
}
