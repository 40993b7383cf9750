"""The 14 joints of Leeds Sports Pose, in its order; left and right are the person's own.

Johnson and Everingham, Clustered pose and nonlinear appearance models for human pose estimation, BMVC 2010.
"""

JOINTS = (
    "right ankle", "right knee", "right hip", "left hip", "left knee", "left ankle",
    "right wrist", "right elbow", "right shoulder", "left shoulder", "left elbow", "left wrist",
    "neck", "head top",
)  # fmt: skip
#: Joints that change places when a picture is mirrored.
PAIRS = ((0, 5), (1, 4), (2, 3), (6, 11), (7, 10), (8, 9))
