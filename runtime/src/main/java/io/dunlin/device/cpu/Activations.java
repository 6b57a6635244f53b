package io.dunlin.device.cpu;

import jdk.incubator.vector.FloatVector;

/**
 * GELU and SwiGLU.
 *
 * <p>GELU in GPT-2's form is x * sigmoid(2u) with u = sqrt(2/pi) (x + 0.044715 x^3), because (1 + tanh u) / 2 is
 * sigmoid(2u); so all of these need one exponential.
 */
final class Activations {
    private static final double TWO_ROOT = 2 * Math.sqrt(2 / Math.PI);
    private static final double CUBIC = 0.044715;
    private static final FloatVector ONE = Lanes.ONE;
    private static final FloatVector MINUS_TWO_ROOT = Lanes.constant((float) -TWO_ROOT);
    private static final FloatVector MINUS_TWO_ROOT_CUBIC = Lanes.constant((float) (-TWO_ROOT * CUBIC));
    private static final FloatVector MINUS_THREE_TWO_ROOT_CUBIC = Lanes.constant((float) (-3 * TWO_ROOT * CUBIC));

    private Activations() {}

    static FloatVector gelu(FloatVector x) {
        return x.div(Lanes.exp(minusTwoU(x)).add(ONE));
    }

    private static FloatVector minusTwoU(FloatVector x) {
        return x.mul(x).fma(MINUS_TWO_ROOT_CUBIC, MINUS_TWO_ROOT).mul(x);
    }

    /** s + x s (1 - s) (2u)' with s = sigmoid(2u). */
    static FloatVector geluSlope(FloatVector x) {
        FloatVector s = ONE.div(Lanes.exp(minusTwoU(x)).add(ONE));
        FloatVector minusSlopeOfTwoU = x.mul(x).fma(MINUS_THREE_TWO_ROOT_CUBIC, MINUS_TWO_ROOT);
        return s.mul(s.sub(ONE)).mul(x).fma(minusSlopeOfTwoU, s);
    }

    /** y = gelu(x). */
    static final class Gelu extends Elementwise {
        Gelu(Team team, Scratch scratch) {
            super(team, scratch);
        }

        @Override
        void compute(long[] at, int count) {
            ActivationLoops.gelu(at[0], at[3], count);
        }
    }

    /** dx = dy * gelu'(x); inputs dy, x. */
    static final class GeluBackward extends Elementwise {
        GeluBackward(Team team, Scratch scratch) {
            super(team, scratch);
        }

        @Override
        void compute(long[] at, int count) {
            ActivationLoops.geluBackward(at[0], at[1], at[3], count);
        }
    }

    /** y = gate * sigmoid(gate) * up; inputs gate, up. */
    static final class SwiGlu extends Elementwise {
        SwiGlu(Team team, Scratch scratch) {
            super(team, scratch);
        }

        @Override
        void compute(long[] at, int count) {
            ActivationLoops.swiGlu(at[0], at[1], at[3], count);
        }
    }

    /** dgate and dup; inputs dy, gate, up. */
    static final class SwiGluBackward extends Elementwise {
        SwiGluBackward(Team team, Scratch scratch) {
            super(team, scratch);
        }

        @Override
        void compute(long[] at, int count) {
            ActivationLoops.swiGluBackward(at, count);
        }
    }
}
