package io.dunlin.device.cpu;

/** The elementwise kernels without arithmetic worth a class of their own. */
final class Simple {
    private Simple() {}

    /** out = a + b. */
    static final class Add extends Elementwise {
        Add(Team team, Scratch scratch) {
            super(team, scratch);
        }

        @Override
        void compute(long[] at, int count) {
            RowLoops.add(at[0], at[1], at[3], count);
        }
    }

    /** y = x, with conversion. */
    static final class Copy extends Elementwise {
        Copy(Team team, Scratch scratch) {
            super(team, scratch);
        }

        @Override
        void compute(long[] at, int count) {
            RowLoops.move(at[0], at[3], count);
        }
    }

    /** y = value. */
    static final class Fill extends Elementwise {
        private float value;

        Fill(Team team, Scratch scratch) {
            super(team, scratch);
        }

        Fill with(float ofValue) {
            value = ofValue;
            return this;
        }

        @Override
        void compute(long[] at, int count) {
            RowLoops.fill(at[3], value, count);
        }
    }
}
