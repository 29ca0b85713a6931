"""Writes fixture.json: what scikit-learn's LogisticRegression makes of samples that the tests make too.

    python3 -m venv /tmp/sk && /tmp/sk/bin/pip install scikit-learn && /tmp/sk/bin/python fixture.py
"""

import json
import pathlib

import numpy
import sklearn
from sklearn.linear_model import LogisticRegression

MASK = (1 << 64) - 1
WIDTH = 128


def dice(seed):
    """SplitMix64."""
    state = seed
    while True:
        state = state + 0x9E3779B97F4A7C15 & MASK
        z = state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
        yield z ^ z >> 31


def samples(seed, classes, each, centre_bits, noise_bits):
    numbers = dice(seed)
    rows, labels = [], []
    for label in range(classes):
        centre = [((next(numbers) & 0xFFFF) - 32768) / 2**centre_bits + 0.0625 for _ in range(WIDTH)]
        for _ in range(each + label % 3):
            rows.append([c + ((next(numbers) & 0xFFFF) - 32768) / 2**noise_bits for c in centre])
            labels.append(label)
    return numpy.array(rows), numpy.array(labels)


cases = []
for seed, classes, each, centre_bits, noise_bits, c in [
        (1, 2, 20, 20, 18, 1.0), (2, 3, 10, 20, 18, 1.0), (3, 5, 30, 20, 18, 100.0), (4, 20, 100, 19, 19, 1.0),
        (5, 20, 40, 20, 18, 0.05), (6, 60, 10, 19, 19, 10.0)]:
    rows, labels = samples(seed, classes, each, centre_bits, noise_bits)
    assert (rows == rows.astype(numpy.float32)).all()
    fitted = LogisticRegression(C=c, tol=1e-12, max_iter=100_000).fit(rows, labels)
    cases.append({
        "seed": seed, "classes": classes, "each": each, "centre_bits": centre_bits, "noise_bits": noise_bits, "c": c,
        # Every 7th column is enough to see a wrong one.
        "coefficients": [[round(x, 7) for x in row[::7]] for row in fitted.coef_],
        "lengths": [round(float(numpy.linalg.norm(row)), 7) for row in fitted.coef_],
        "intercepts": [round(x, 7) for x in fitted.intercept_],
        "probabilities": [round(x, 7) for x in fitted.predict_proba(rows)[0]],
    })
    print(seed, fitted.n_iter_, float(numpy.abs(fitted.coef_).max()))
out = {"scikit-learn": sklearn.__version__, "cases": cases}
lines = json.dumps(out).replace('{"seed"', '\n{"seed"').replace('"coefficients"', '\n"coefficients"')
pathlib.Path(__file__).with_name("fixture.json").write_text(lines + "\n")
