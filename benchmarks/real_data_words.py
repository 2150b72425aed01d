"""The words around the tables of the real measurements."""

INTRODUCTION = """\
Made by `python benchmarks/real_data.py --write`; do not edit. Two open data sets of real people, right leg,
moments of hip flexion, knee and ankle. The tool reads inverse kinematics, inverse dynamics and EMG envelopes,
calibrates on a few gait cycles and predicts cycles that it never saw. *Uncalibrated* is the scaled model with
the same excitations, C1 = C2 = -0.5 and A = -1. R² is 1 - SSE/SST of each cycle and coordinate by itself:
below zero is worse than the cycle's mean. Only cycles that the data set marks as clean are used, all of them.

One setting differs from the tool's defaults for both data sets: prior weight 0.05 instead of 0.005. Fewer
values end at their bounds and unseen cycles are predicted about equally well; the last table of each data set
has both."""

DATA_SET_TEXT = {
    "lopes_subj06": """\
Treadmill walking at 3.6 km/h and running at 8.1 km/h. Calibrated on two cycles of `walk36` and one of
`run81_a`; every other clean cycle validates. `run81_b` is another part of the running, with no cycle in the
calibration. The model is an estimate: the published one was unscaled, and its Thelen muscles are converted
to Millard's. Nine EMG channels drive 11 muscles, as published for these data: `vas_int_r` gets the mean of
`vas_lat_r` and `vas_med_r`, `bifemsh_r` the excitation of `bifemlh_r`. The three vasti share one strength
coefficient. Moments are the low-passed ones (`id_lp.sto`, 6 Hz walking, 12 Hz running), coordinates are
low-passed at 12 Hz for both.

Three settings belong to this subject. *Delay 0.1 s*: the measured lag between EMG envelope and moment is
0.065 to 0.125 s by muscle and speed, and the filter of Eq. 1 adds to the delay; with 0.035 s, C1 and C2 run
to the slow bound to make up for it. *Strength bounds 0.2 to 2.5*: the model has the generic forces of a
75 kg person for 56 kg, and the EMG is normalized to the session's largest value, not to a maximum
contraction. *Length bounds 0.7 to 1.3*: the model's segment lengths are an estimate from inverse dynamics,
and its hamstrings are visibly too long.""",
    "rajagopal_walk": """\
Overground walking, one trial of little more than one gait cycle. Calibrated on the first cycle, validated
on the stance phase after it. Ten EMG channels drive 16 muscles, as the data set maps them. Muscles of one
channel or one function share a strength coefficient (gluteus maximus, gluteus medius, hamstrings, vasti,
triceps surae). Strength bounds are 0.1 to 2.5: the EMG is divided by the maximum of *this walking trial*,
so that every muscle seems fully active once in a stride, and the generic forces have to come down a lot; the
uncalibrated moments are several times too large. The closed loop's limit is 5 % instead of 2 %: the path of
`glmax1_r` jumps by 3 mm between two samples in this model, and no time step follows that; it is the only
muscle beyond 2 %.""",
}

MEANING = """\
### What it means

Pooled over recordings the calibrated model is better than the uncalibrated one at every coordinate. It is
not better in every cell: the knee in running is already good uncalibrated (R² about 0.8) and stays where it
is, because the same parameters now also have to serve walking, where the uncalibrated knee is poor. The gain
is largest at the knee in walking, at the hip in running, and everywhere in `rajagopal_walk`. The running
recording without a calibration cycle comes out much like the one with; its hip is somewhat worse. A model
calibrated on walking alone predicts running badly, and one calibrated on running alone predicts walking
badly: calibrate on every kind of movement you want to predict.

The parameters are less certain than the moments. With a smaller prior weight more values end at their
bounds, for little on unseen cycles; with a larger one the hip gets worse. Part of that drop at 0.1 in
`lopes_subj06` is a second local minimum, where the hip is poor: with a limit on the step the same problem
ended at a cost 6 % lower, with 0.64 / 0.83 / 0.92 on walking. Lengths of single muscles, and how the soleus
and the gastrocnemii share the ankle moment, should not be read as measurements. AdamW has not converged after
its 200 iterations.

### What is weak, and why

- **Hip.** Gluteus maximus (in `lopes_subj06`), iliacus and psoas have no EMG, and nothing was invented for
  them. Hamstrings and rectus femoris alone cannot make the whole hip moment; some of them are pulled to the
  strength bound because of what is missing. Synergy-hybrid calibration is meant for this.
- **EMG scale.** In `lopes_subj06` the soleus envelope is 6 times larger in running than in walking, while
  the ankle moment is only twice as large. Strength, shape factor and fiber lengths have to absorb that, and
  it limits the ankle in running.
- **Knee in slow walking.** The extension moment is about 0.1 N m/kg: the vasti are identified by running,
  not by walking.
- **Start values that cannot be.** The hamstrings' slack lengths of the estimated model are too long: in
  running the tendon is slack at the start. A large tendon strain weight (10,000) then outweighs the
  moments; see the table of changes.
- **Chosen with the answers in sight.** Delay, bounds, strength groups and the two weights were settled after
  well over a hundred calibrations of these data whose unseen scores were looked at, so those scores are
  somewhat optimistic; the tables of changes show by how much they can move. Delay is one example: the
  calibration cycles alone would choose 0.125 s in `lopes_subj06`; 0.1 s was kept as the middle of the
  measured lags.
- **Two people.** Three recordings of one, two steps of the other, and the unseen cycles come from the same
  session as the calibration cycles. Nothing here shows how well a calibration lasts until another day.

*Raw moment error: prior weight 10, tendon strain weight 3,000, fiber length weight 1,000, so that the
terms keep about the same proportion to an error in (N m)². It favors the movement with the large moments:
better in running, worse at the knee in walking."""
