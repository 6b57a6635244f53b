package io.dunlin.collectives.engine;

/** Lets whoever waits for an operation do the communication thread's work meanwhile. */
interface SpareTime {
    /** There is no thread to help. */
    SpareTime WASTED = new SpareTime() {
        @Override
        public int help() {
            return 0;
        }

        @Override
        public void handOver() {}
    };

    /** Does a piece of the work; how much was done. */
    int help();

    /** The caller will help no longer: what is left is the thread's. */
    void handOver();
}
