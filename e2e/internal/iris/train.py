"""Writes model.json and sample.csv: the model of the iris sample and rows to test it on.

    pip install scikit-learn==1.9.1
    python train.py

Every fifth row of the data set (30 of 150) is held out for sample.csv.
"""

import csv
import json
import pathlib

import sklearn
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

here = pathlib.Path(__file__).parent
iris = load_iris()
held_out = [i % 5 == 0 for i in range(len(iris.target))]
train = [not out for out in held_out]

model = LogisticRegression(max_iter=1000).fit(iris.data[train], iris.target[train])
accuracy = model.score(iris.data[held_out], iris.target[held_out])

(here / "model.json").write_text(json.dumps({
    "note": "Multinomial logistic regression on R. A. Fisher's iris data (sklearn.datasets.load_iris), "
            f"made by train.py with scikit-learn {sklearn.__version__}; "
            f"accuracy {accuracy:.3f} on the {sum(held_out)} rows held out, which are sample.csv.",
    "classes": [str(name) for name in iris.target_names],
    "features": iris.feature_names,
    "coef": model.coef_.round(6).tolist(),
    "intercept": model.intercept_.round(6).tolist(),
}, indent=2) + "\n")

with open(here / "sample.csv", "w", newline="") as file:
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow([*iris.feature_names, "class"])
    rows.writerows([*data, target] for data, target in zip(iris.data[held_out], iris.target[held_out]))
