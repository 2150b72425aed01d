"""The words around the tables of the real measurements."""

INTRODUCTION = """\
Made by `python benchmarks/real_data.py --write`; do not edit. Two open data sets of real people, right leg,
moments of hip flexion, knee and ankle. The tool reads inverse kinematics, inverse dynamics and EMG envelopes,
calibrates on a few gait cycles and predicts cycles that it never saw. *Uncalibrated* is the scaled model with
the same excitations, C1 = C2 = -0.5 and A = -1. R² is 1 - SSE/SST of each cycle and coordinate by itself:
below zero is worse than the cycle's mean. Only cycles that the data set marks as clean are used, all of them.

Settings that differ from the tool's defaults, for both data sets: prior weight 0.1, tendon strain weight 10.
What they change is in the last table of each data set."""

DATA_SET_TEXT = {
    "lopes_subj06": """\
Treadmill walking at 3.6 km/h and running at 8.1 km/h. Calibrated on two cycles of `walk36` and one of
`run81_a`; every other clean cycle validates. `run81_b` is another part of the running, with no cycle in the
calibration. The model is an estimate: the published one was unscaled, and its Thelen muscles are converted
to Millard's. Nine EMG channels drive 11 muscles, as published for these data: `vas_int_r` gets the mean of
`vas_lat_r` and `vas_med_r`, `bifemsh_r` the excitation of `bifemlh_r`. The three vasti share one strength
coefficient. Moments are the low-passed ones (`id_lp.sto`, 6 Hz walking, 12 Hz running), coordinates are
low-passed at 12 Hz for both.

Two settings belong to this subject. *Delay 0.1 s*: the measured lag between EMG envelope and moment is
0.065 to 0.125 s by muscle and speed, and the filter of Eq. 1 adds to the delay; with 0.035 s, C1 and C2 run
to the slow bound to make up for it. *Strength bounds 0.2 to 2.5*: the model has the generic forces of a
75 kg person for 56 kg, and the EMG is normalized to the session's largest value, not to a maximum
contraction.""",
    "rajagopal_walk": """\
Overground walking, one trial of little more than one gait cycle. Calibrated on the first cycle, validated
on the stance phase after it. Ten EMG channels drive 16 muscles, as the data set maps them. Muscles of one
channel or one function share a strength coefficient (gluteus maximus, gluteus medius, hamstrings, vasti,
triceps surae). Strength bounds are 0.1 to 2.5: the EMG is divided by the maximum of *this walking trial*,
so that every muscle seems fully active once in a stride, and the generic forces have to come down a lot; the
uncalibrated moments are several times too large. The closed loop's limit is 5 % instead of 2 %: the path of
`glmax1_r` jumps by 3 mm between two samples in this model, and no time step follows that; the other muscles
are far below (see the closed loop's figure for the largest).""",
}

MEANING = """\
### What it means

The calibrated model is better than the uncalibrated one at every coordinate of both data sets, in the mean
over unseen cycles. The gain is largest where the uncalibrated model is useless (knee in walking, hip in
running, everything in `rajagopal_walk`) and smallest at the ankle, which starts well. Cycles of the running
recording that gave no calibration cycle come out like the others: what was learned is the person, not the
recording. A model calibrated on walking alone predicts running badly, and the other way round: calibrate on
every kind of movement you want to predict.

The parameters are less certain than the moments. With a small prior weight more values end at their bounds
for a gain of a few hundredths of R² on unseen cycles, or none. Lengths of single muscles, and how the soleus
and the gastrocnemii share the ankle moment, should not be read as measurements.

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
- **One subject each.** Two people, three recordings, and settings (delay, strength bounds) chosen with
  knowledge of the data set. The unseen cycles come from the same session as the calibration cycles.

*Raw moment error: prior weight 20, tendon strain weight 3,000, fiber length weight 1,000, so that the
terms keep about the same proportion to an error in (N m)². It favors the movement with the large moments:
better in running, worse at the knee in walking."""
