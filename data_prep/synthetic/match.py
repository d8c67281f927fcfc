"""The play: where 23 people and a ball are, step by step, in metres on the pitch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_prep.synthetic.settings import N_PEOPLE, PITCH_LENGTH, PITCH_WIDTH, STREAM_MATCH, Array, Settings

TOP_SPEED = 9.0  # m/s
TOP_ACCELERATION = 5.5  # m/s^2
GRAVITY = 9.81
BALL_RADIUS = 0.12  # metres; the real 0.11 plus what a lens smears
WARM_UP = 8.0  # seconds played before the first frame

# 4-4-2 in metres for the team that attacks towards +x, as a share of half the pitch
FORMATION = np.array(
    [
        (-0.62, -0.62), (-0.68, -0.2), (-0.68, 0.2), (-0.62, 0.62),
        (-0.2, -0.66), (-0.3, -0.2), (-0.3, 0.2), (-0.2, 0.66),
        (0.22, -0.22), (0.22, 0.22),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class MatchState:
    """One moment: people (23 rows) and the ball."""

    xy: Array  # (23, 2) metres
    velocity: Array  # (23, 2) m/s
    heading: Array  # (23,) radians, where the chest points
    stride: Array  # (23,) radians, phase of the gait
    ball: Array  # (3,) metres, z up
    ball_velocity: Array  # (3,) m/s
    ball_spin: float  # radians rolled
    owner: int  # row of the person who has the ball; −1 for nobody


class Match:
    """A simple game of football: formation, pressing, passes, shots; deterministic for a seed."""

    def __init__(self, settings: Settings) -> None:
        self._rng = rng = settings.rng(STREAM_MATCH)
        self._dt = 1.0 / settings.frame_rate
        self._crowding = settings.crowding
        half = np.array([PITCH_LENGTH, PITCH_WIDTH]) / 2
        keepers = np.array([[-0.93, 0.0], [0.93, 0.0]])
        self._anchor = np.vstack([FORMATION, -FORMATION, keepers, [[0.0, 0.1]]]) * half
        self._team = np.array([0] * 10 + [1] * 10 + [0, 1, 2])
        self._pace = rng.uniform(0.8, 1.0, N_PEOPLE) * TOP_SPEED
        self._ring = rng.normal(0, 1, (N_PEOPLE, 2)) * 6.0
        self._wander = rng.normal(0, 3, (N_PEOPLE, 2))
        self.xy = self._anchor + rng.normal(0, 2, (N_PEOPLE, 2))
        self.velocity = np.zeros((N_PEOPLE, 2))
        self.heading = rng.uniform(-np.pi, np.pi, N_PEOPLE)
        self.stride = rng.uniform(0, 2 * np.pi, N_PEOPLE)
        self.ball = np.array([*rng.uniform(-0.6, 0.6, 2) * half, BALL_RADIUS])
        self.ball_velocity = np.zeros(3)
        self.ball_spin = 0.0
        self._owner = -1
        self._receiver = -1
        self._kicker = -1
        self._kick_age = 9.0
        self._hold = 0.0
        for _ in range(int(WARM_UP * settings.frame_rate)):
            self.step()

    def step(self) -> MatchState:
        """Play on for one frame time and return the moment (arrays are copies)."""
        target = self._targets()
        self._run(target)
        self._ball_step()
        return MatchState(
            self.xy.copy(), self.velocity.copy(), self.heading.copy(), self.stride.copy(),
            self.ball.copy(), self.ball_velocity.copy(), self.ball_spin, self._owner,
        )  # fmt: skip

    def _targets(self) -> Array:
        """(23, 2) metres: the targets of all people."""
        rng, dt, ball = self._rng, self._dt, self.ball[:2]
        decay = np.exp(-dt / 3.0)
        self._wander = decay * self._wander + np.sqrt(1 - decay**2) * rng.normal(0, 3.5, (N_PEOPLE, 2))
        target = self._anchor + ball * (0.55, 0.4) + self._wander
        pull = 0.12 + 0.6 * self._crowding
        target[:20] += pull * (ball + self._ring[:20] * (1.3 - self._crowding) - target[:20])
        for keeper, goal in ((20, -PITCH_LENGTH / 2), (21, PITCH_LENGTH / 2)):
            to_ball = ball - (goal, 0.0)
            target[keeper] = (goal, 0.0) + to_ball / (np.linalg.norm(to_ball) + 1e-9) * min(
                4.0, 0.3 * float(np.linalg.norm(to_ball))
            )
        target[22] = ball + (0.7 * self._wander[22]) + (-7.0 * np.sign(ball[0] + 1e-9), 6.0)
        self._press(target)
        target[:, 0] = np.clip(target[:, 0], -PITCH_LENGTH / 2 - 2.5, PITCH_LENGTH / 2 + 2.5)
        target[:, 1] = np.clip(target[:, 1], -PITCH_WIDTH / 2 - 2.0, PITCH_WIDTH / 2 + 2.0)
        return target

    def _press(self, target: Array) -> None:
        """Send the nearest players after the ball; the owner dribbles towards the other goal."""
        lead = self.ball[:2] + 0.4 * self.ball_velocity[:2]
        distance = np.linalg.norm(self.xy - lead, axis=1)
        for team in (0, 1):
            mine = np.flatnonzero(self._team[:20] == team)
            order = mine[np.argsort(distance[mine])]
            chasers = order[:1] if self._owner >= 0 and self._team[self._owner] == team else order[:2]
            target[chasers] = lead + self._ring[chasers] * 0.08
        if self._receiver >= 0:
            target[self._receiver] = lead
        if self._owner >= 0:
            goal = np.array([PITCH_LENGTH / 2 * (1 if self._team[self._owner] == 0 else -1), 0.0])
            way = goal - self.xy[self._owner] + 6 * self._wander[self._owner]
            target[self._owner] = self.xy[self._owner] + 6.0 * way / (np.linalg.norm(way) + 1e-9)

    def _run(self, target: Array) -> None:
        """Accelerate all people towards their targets, keep them apart, turn and step."""
        dt = self._dt
        way = target - self.xy
        distance = np.linalg.norm(way, axis=1, keepdims=True)
        hurry = np.where(distance > 5.0, 0.85, 0.6)
        wanted = way / (distance + 1e-9) * np.minimum(self._pace[:, None], hurry * distance)
        apart = self.xy[:, None] - self.xy[None]
        gap = np.linalg.norm(apart, axis=2) + 1e-9
        np.fill_diagonal(gap, 1e9)
        wanted = wanted + (apart / gap[..., None] * np.clip(1.0 - gap, 0, 1)[..., None] * 5.0).sum(axis=1)
        push = (wanted - self.velocity) / 0.35
        strength = np.linalg.norm(push, axis=1, keepdims=True)
        push *= np.minimum(1.0, TOP_ACCELERATION / (strength + 1e-9))
        self.velocity += push * dt
        speed = np.linalg.norm(self.velocity, axis=1)
        self.velocity *= np.minimum(1.0, TOP_SPEED / (speed + 1e-9))[:, None]
        self.xy += self.velocity * dt
        self._turn(speed)

    def _turn(self, speed: Array) -> None:
        to_ball = self.ball[:2] - self.xy
        aim = np.where(speed > 0.9, np.arctan2(*self.velocity.T[::-1]), np.arctan2(*to_ball.T[::-1]))
        turn = (aim - self.heading + np.pi) % (2 * np.pi) - np.pi
        self.heading += np.clip(turn * 6.0, -7.0, 7.0) * self._dt
        step_length = 0.55 + 0.13 * speed  # metres per step, from a stroll to a sprint
        self.stride += np.pi * speed / step_length * self._dt

    def _ball_step(self) -> None:
        self._kick_age += self._dt
        if self._owner >= 0:
            self._dribble()
        else:
            self._fly()
            self._capture()
        self.ball_spin += float(np.linalg.norm(self.ball_velocity[:2])) / BALL_RADIUS * self._dt * 0.35

    def _dribble(self) -> None:
        owner, dt = self._owner, self._dt
        ahead = np.array([np.cos(self.heading[owner]), np.sin(self.heading[owner])])
        touch = 0.55 + 0.25 * np.sin(self.stride[owner]) ** 2 + 0.05 * np.linalg.norm(self.velocity[owner])
        before = self.ball.copy()
        wanted = np.append(self.xy[owner] + touch * ahead, BALL_RADIUS)
        self.ball += (wanted - self.ball) * min(1.0, 9.0 * dt)
        self.ball_velocity = (self.ball - before) / dt
        self._hold -= dt
        if self._hold <= 0:
            self._kick(owner)

    def _kick(self, owner: int) -> None:
        """Pass to a team-mate or, near the goal, shoot."""
        rng = self._rng
        forward = 1.0 if self._team[owner] == 0 else -1.0
        goal = np.array([PITCH_LENGTH / 2 * forward, 0.0])
        self._owner, self._kicker, self._kick_age = -1, owner, 0.0
        if np.linalg.norm(goal - self.xy[owner]) < 24 and rng.random() < 0.4:
            self._receiver = -1
            way = goal + np.array([0.0, rng.uniform(-4.5, 4.5)]) - self.ball[:2]
            speed, rise = rng.uniform(16, 25), rng.uniform(0, 5)
        else:
            mates = np.flatnonzero((self._team[:20] == self._team[owner]) & (np.arange(20) != owner))
            there = self.xy[mates] + 0.6 * self.velocity[mates] - self.ball[:2]
            distance = np.linalg.norm(there, axis=1)
            weight = np.exp(-((distance - 14) ** 2) / 120 + 0.03 * there[:, 0] * forward) + 1e-6
            pick = int(rng.choice(len(mates), p=weight / weight.sum()))
            self._receiver, way = int(mates[pick]), there[pick]
            speed, rise = float(np.clip(5 + 0.75 * distance[pick], 7, 21)), 0.0
            if rng.random() < 0.35:
                rise = min(9.5, GRAVITY * distance[pick] / speed / 2 * rng.uniform(0.8, 1.1))
        way = way / (np.linalg.norm(way) + 1e-9)
        self.ball_velocity = np.array([*way * speed, rise])

    def _fly(self) -> None:
        """Ballistics with a bounce, rolling friction, and boards that stop the ball."""
        dt = self._dt
        self.ball += self.ball_velocity * dt
        if self.ball[2] > BALL_RADIUS + 1e-3 or self.ball_velocity[2] > 0.4:
            self.ball_velocity[2] -= GRAVITY * dt
        if self.ball[2] < BALL_RADIUS:
            self.ball[2] = BALL_RADIUS
            bounce = -0.55 * self.ball_velocity[2]
            self.ball_velocity[2] = bounce if bounce > 0.8 else 0.0
        speed = float(np.linalg.norm(self.ball_velocity[:2]))
        drag = 1.6 if self.ball[2] <= BALL_RADIUS + 1e-3 else 0.4
        if speed > 0:
            self.ball_velocity[:2] *= max(0.0, speed - drag * dt - 0.012 * speed**2 * dt) / speed
        for axis, limit in ((0, PITCH_LENGTH / 2 + 2.2), (1, PITCH_WIDTH / 2 + 2.2)):
            if abs(self.ball[axis]) > limit:
                self.ball[axis] = np.sign(self.ball[axis]) * limit
                self.ball_velocity *= 0.3
                self.ball_velocity[axis] *= -1

    def _capture(self) -> None:
        """Whoever reaches a ball that is low enough gets it."""
        if self.ball[2] > 1.3:
            return
        distance = np.linalg.norm(self.xy[:22] - self.ball[:2], axis=1)
        if self._kicker >= 0 and self._kick_age < 0.5:
            distance[self._kicker] = np.inf
        reach = np.where(np.arange(22) >= 20, 1.6, 0.85)
        near = int(np.argmin(distance / reach))
        quick = float(np.linalg.norm(self.ball_velocity))
        wanted = near == self._receiver or near >= 20
        if distance[near] < reach[near] and (wanted or self._rng.random() < min(1.0, 3.0 / (quick + 0.1))):
            self._owner, self._receiver = near, -1
            self._hold = float(0.35 + self._rng.exponential(1.1))
